// tests/support/manual_executor.hpp: an executor that the test drives by hand.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include <pyasync/core/executor.hpp>

namespace pyasync::test {

/// Runs what has been posted when the test says so, on the thread that made it.
class manual_executor final : public detail::executor {
public:
    manual_executor() = default;
    manual_executor(const manual_executor&) = delete;
    manual_executor& operator=(const manual_executor&) = delete;
    /// A test leaves nothing behind: no item that waits, no root task that runs.
    ~manual_executor() {
        CHECK(items_.empty());
        CHECK(running().first() == nullptr);
    }

    // Out of line: GCC 12 takes any executor for one of these, and warns of a loop's size.
    [[gnu::noinline]] void post(detail::work& item) noexcept override {
        {
            const std::lock_guard lock(mutex_);
            if (!closed_) {
                items_.push(item);
                came_.notify_one();
                return;
            }
        }
        item.handle(item, detail::delivery::refused);
    }
    [[nodiscard]] bool is_current() const noexcept override { return std::this_thread::get_id() == thread_; }

    /// Runs the oldest item; false where there is none.
    bool run_one() {
        detail::work* item = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (items_.empty()) return false;
            item = &items_.pop();
        }
        item->handle(*item, detail::delivery::served);
        return true;
    }

    /// Runs everything that has been posted, and what that posts in turn; returns how many items these were.
    std::size_t run_all() {
        std::size_t count = 0;
        while (run_one()) ++count;
        return count;
    }

    /// Runs what other threads post, until `over()` holds.
    template <typename Condition>
    void run_until(Condition&& over) {
        while (!over()) {
            if (run_one()) continue;
            std::unique_lock lock(mutex_);
            came_.wait(lock, [this] { return !items_.empty(); });
        }
    }

    /// Refuses what waits, and everything that comes.
    void close() {
        detail::work_queue refused;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            refused.append(std::move(items_));
        }
        while (!refused.empty()) {
            detail::work& item = refused.pop();
            item.handle(item, detail::delivery::refused);
        }
    }

private:
    const std::thread::id thread_ = std::this_thread::get_id();
    std::mutex mutex_;
    std::condition_variable came_;
    detail::work_queue items_;
    bool closed_ = false;
};

}  // namespace pyasync::test
