// framework/src/testing/census.cpp: asking the libuv loops what they run.
// SPDX-License-Identifier: MIT
#include "census.hpp"

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/task_inquiry.hpp>

#include "../in_words.hpp"

namespace pyasync::testing::detail {
namespace {

using pyasync::detail::asyncio_inbox;
using pyasync::detail::in_flight;
using pyasync::detail::started_at;
using pyasync::detail::task_locals_state;

census ask(const uv::task_inquiry::filter& meant, std::chrono::milliseconds patience,
           const std::set<pyasync::detail::report_id>& before = {}) {
    census all;
    for (const uv::task_inquiry::reports& tasks :
         uv::task_inquiry(meant).answers(std::chrono::steady_clock::now() + patience)) {
        if (!tasks) {
            all.complete = false;
            continue;
        }
        for (const pyasync::detail::task_report& each : *tasks) {
            if (before.contains(each.self.id)) continue;
            all.all.insert(each.self.id);
            (each.cancelled ? all.asked_to_end : all.others).push_back(started_at(each.self.started));
        }
    }
    return all;
}

}  // namespace

census take_census(const asyncio_inbox& inbox, std::chrono::milliseconds patience,
                   const std::set<pyasync::detail::report_id>& before) {
    const auto is_its = [its = &inbox](const in_flight& each) {
        const auto* const locals = static_cast<const task_locals_state*>(each.carried());
        return locals == nullptr || &locals->inbox() == its;
    };
    return ask(is_its, patience, before);
}

bool loops_answer(std::chrono::milliseconds patience) {
    return ask([](const in_flight&) { return false; }, patience).complete;
}

}  // namespace pyasync::testing::detail
