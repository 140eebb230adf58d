// tests/semantics/event_log.hpp: what has happened on both sides, in its order.
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/promise.hpp>
#include <pyasync/core/task.hpp>

/// Any thread may add to it, with the GIL or without. An event is written to stdout when it happens, in one piece: so
/// it is there whatever becomes of the process.
class event_log {
public:
    /// Never destroyed: threads add to it while the process exits.
    static event_log& of_process() {
        static auto* const only = new event_log;
        return *only;
    }

    void add(const std::string& event) {
        std::vector<pyasync::promise<>> waiting;
        {
            const std::lock_guard lock(mutex_);
            const std::string line = event + "\n";
            if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
            seen_.insert(event);
            waiting.swap(waiting_[event]);
        }
        changed_.notify_all();
        for (const pyasync::promise<>& each : waiting) each.set_value();
    }

    /// Blocks this thread until it has happened.
    void wait_for(const std::string& event) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return seen_.contains(event); });
    }

    /// Waits until it has happened.
    pyasync::task<> happened(std::string event) {
        pyasync::promise<> telling;
        pyasync::future<> told = telling.get_future();
        {
            const std::lock_guard lock(mutex_);
            if (seen_.contains(event)) co_return;
            waiting_[event].push_back(std::move(telling));
        }
        co_await std::move(told);
    }

private:
    event_log() = default;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> seen_;
    std::map<std::string, std::vector<pyasync::promise<>>> waiting_;
};
