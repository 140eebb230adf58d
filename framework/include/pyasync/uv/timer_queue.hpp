// framework/include/pyasync/uv/timer_queue.hpp: the deadlines of one loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <utility>

namespace pyasync::uv::detail {

using clock = std::chrono::steady_clock;

/// Something that is to happen at a time. `expired` is called once, on the loop thread, when the entry has left the
/// queue.
class timer_entry {
public:
    virtual void expired() noexcept = 0;

protected:
    timer_entry() = default;
    ~timer_entry() = default;

    /// In words, how long it is until then; once it has been in a queue.
    [[nodiscard]] std::string time_left() const;

private:
    friend class timer_queue;
    clock::time_point deadline_;
};

/// All deadlines of a loop, kept in order over one timerfd. libuv's own timers count in milliseconds, and fire half a
/// millisecond late in the median; these count in nanoseconds. Loop thread only.
class timer_queue {
public:
    /// `descriptor` is the timerfd to program; it stays the caller's.
    explicit timer_queue(int descriptor) noexcept : descriptor_(descriptor) {}
    timer_queue(const timer_queue&) = delete;
    timer_queue& operator=(const timer_queue&) = delete;

    /// The entry must stay in place until it has expired or is removed.
    void insert(timer_entry& entry, clock::time_point deadline);

    /// Takes an entry out; nothing happens where it is not in the queue.
    void remove(timer_entry& entry) noexcept;

    /// Calls `expired` on all entries whose time has come.
    void expire() noexcept;

private:
    struct earlier {
        bool operator()(const timer_entry* a, const timer_entry* b) const noexcept {
            return std::pair(a->deadline_, a) < std::pair(b->deadline_, b);
        }
    };

    void program() noexcept;

    int descriptor_;
    std::set<timer_entry*, earlier> entries_;
    clock::time_point programmed_ = clock::time_point::max();
};

}  // namespace pyasync::uv::detail
