// framework/include/pyasync/uv/timer_queue.hpp: the deadlines of one loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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
    static constexpr std::size_t nowhere = SIZE_MAX;

    clock::time_point deadline_;
    std::size_t place_ = nowhere;  ///< in the queue
};

/// All deadlines of a loop, over one timerfd. libuv's own timers count in milliseconds, and fire half a millisecond
/// late in the median; these count in nanoseconds. Loop thread only.
///
/// A heap of four children each in one array, with the deadlines in it: to find a place looks at no entry, and a
/// hundred thousand timers are nine steps deep.
class timer_queue {
public:
    /// `descriptor` is the timerfd to program; it stays the caller's.
    explicit timer_queue(int descriptor) noexcept : descriptor_(descriptor) {}
    timer_queue(const timer_queue&) = delete;
    timer_queue& operator=(const timer_queue&) = delete;

    /// The entry, which is in no queue, must stay in place until it has expired or is removed.
    void insert(timer_entry& entry, clock::time_point deadline);

    /// Takes an entry out; nothing happens where it is not in the queue.
    void remove(timer_entry& entry) noexcept;

    /// Calls `expired` on all entries whose time has come: by their deadlines, and then in the order of insertion.
    void expire() noexcept;

private:
    struct slot {
        clock::time_point deadline;
        std::uint64_t turn;
        timer_entry* entry;

        [[nodiscard]] bool before(const slot& other) const noexcept {
            return deadline != other.deadline ? deadline < other.deadline : turn < other.turn;
        }
    };

    void put(std::size_t place, const slot& one) noexcept;
    /// Finds the place for `one`: `place`, which is free, or one further up, or further down.
    void rise(std::size_t place, const slot& one) noexcept;
    void sink(std::size_t place, const slot& one) noexcept;
    void program() noexcept;

    int descriptor_;
    std::vector<slot> slots_;
    std::uint64_t turns_ = 0;
    clock::time_point programmed_ = clock::time_point::max();
};

}  // namespace pyasync::uv::detail
