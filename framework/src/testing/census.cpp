// framework/src/testing/census.cpp: asking the libuv loops what they run.
// SPDX-License-Identifier: MIT
#include "census.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <memory>
#include <mutex>

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/uv/loop_pool.hpp>

namespace pyasync::testing::detail {
namespace {

using pyasync::detail::asyncio_inbox;
using pyasync::detail::delivery;
using pyasync::detail::in_flight;
using pyasync::detail::task_locals_state;
using pyasync::detail::work;

/// The question to one loop. It owns itself until the loop, which something may block, has come to it.
class question final : work {
public:
    question(uv::loop& asked, const asyncio_inbox* inbox) noexcept : work(&arrive), loop_(asked), inbox_(inbox) {}

    static std::shared_ptr<question> put(uv::loop& to, const asyncio_inbox* inbox) {
        auto made = std::make_shared<question>(to, inbox);
        made->self_ = made;
        to.post(*made);
        return made;
    }

    /// Adds the answer; false where there is none in time.
    [[nodiscard]] bool add_to(census& all, std::chrono::steady_clock::time_point end) {
        std::unique_lock lock(mutex_);
        if (!answered_.wait_until(lock, end, [this] { return over_; })) return false;
        all.asked_to_end.insert(all.asked_to_end.end(), found_.asked_to_end.begin(), found_.asked_to_end.end());
        all.others.insert(all.others.end(), found_.others.begin(), found_.others.end());
        return true;
    }

private:
    static void arrive(work& self, delivery how) noexcept {
        auto& mine = static_cast<question&>(self);
        const std::shared_ptr<question> own = std::move(mine.self_);
        const std::lock_guard lock(mine.mutex_);
        if (how == delivery::served && mine.inbox_ != nullptr) mine.look();
        mine.over_ = true;
        mine.answered_.notify_all();
    }

    void look() {
        for (in_flight* entry = loop_.running().first(); entry != nullptr; entry = entry->next()) {
            const auto* const locals = static_cast<const task_locals_state*>(entry->carried());
            if (locals != nullptr && &locals->inbox() != inbox_) continue;
            (entry->asked_to_end() ? found_.asked_to_end : found_.others).push_back(started_at(entry->where()));
        }
    }

    uv::loop& loop_;
    const asyncio_inbox* inbox_;
    std::shared_ptr<question> self_;
    std::mutex mutex_;
    std::condition_variable answered_;
    census found_;
    bool over_ = false;
};

census ask(const asyncio_inbox* inbox, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::vector<std::shared_ptr<question>> questions;
    for (uv::loop* each : uv::loop_pool::instance().running()) questions.push_back(question::put(*each, inbox));
    census all;
    for (const auto& each : questions) all.complete = each->add_to(all, end) && all.complete;
    return all;
}

}  // namespace

census take_census(const asyncio_inbox& inbox, std::chrono::milliseconds patience) { return ask(&inbox, patience); }

bool loops_answer(std::chrono::milliseconds patience) { return ask(nullptr, patience).complete; }

std::string started_at(const std::source_location& where) {
    return fmt::format("a C++ task or function started at {}:{} in {}", where.file_name(), where.line(),
                       py::detail::function_name(where));
}

}  // namespace pyasync::testing::detail
