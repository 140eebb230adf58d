// framework/src/testing/census.cpp: asking the libuv loops what they run.
// SPDX-License-Identifier: MIT
#include "census.hpp"

#include <fmt/format.h>

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/uv/task_inquiry.hpp>

namespace pyasync::testing::detail {
namespace {

using pyasync::detail::asyncio_inbox;
using pyasync::detail::in_flight;
using pyasync::detail::task_locals_state;

census ask(const uv::task_inquiry::filter& meant, std::chrono::milliseconds patience) {
    census all;
    for (const uv::task_inquiry::reports& tasks :
         uv::task_inquiry(meant).answers(std::chrono::steady_clock::now() + patience)) {
        if (!tasks) {
            all.complete = false;
            continue;
        }
        for (const pyasync::detail::task_report& each : *tasks) {
            (each.cancelled ? all.asked_to_end : all.others).push_back(started_at(each.self.started));
        }
    }
    return all;
}

}  // namespace

census take_census(const asyncio_inbox& inbox, std::chrono::milliseconds patience) {
    const auto is_its = [its = &inbox](const in_flight& each) {
        const auto* const locals = static_cast<const task_locals_state*>(each.carried());
        return locals == nullptr || &locals->inbox() == its;
    };
    return ask(is_its, patience);
}

bool loops_answer(std::chrono::milliseconds patience) {
    return ask([](const in_flight&) { return false; }, patience).complete;
}

std::string started_at(const std::source_location& where) {
    return fmt::format("a C++ task or function started at {}:{} in {}", where.file_name(), where.line(),
                       py::detail::function_name(where));
}

}  // namespace pyasync::testing::detail
