// framework/include/pyasync/uv/interval.hpp: something to do again and again, at equal distances.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <source_location>

#include <pyasync/core/task_context.hpp>
#include <pyasync/uv/duration.hpp>
#include <pyasync/uv/timed_wait.hpp>

namespace pyasync::uv {

class interval;

/// What becomes of ticks whose time has passed before anybody has waited for them.
enum class missed_ticks {
    skip,   ///< They are left out, and the rhythm is kept; the next `tick()` says how many it stands for.
    burst,  ///< Each is made up for, one `tick()` after another, without a wait.
    delay,  ///< The rhythm starts anew with the late one: no two ticks are closer to each other than the period.
};

namespace detail {

class tick_awaiter final : public deadline_wait {
public:
    tick_awaiter(interval& ticking, pyasync::detail::task_context& context, const std::source_location& where) noexcept;

    std::uint64_t await_resume() const;

private:
    interval* ticking_;
};

struct tick_operation {
    using value_type = std::uint64_t;
    interval* ticking;
    [[nodiscard]] tick_awaiter awaiter_in(pyasync::detail::task_context& context,
                                          const std::source_location& where) const noexcept {
        return {*ticking, context, where};
    }
};

}  // namespace detail

/// Ticks at equal distances from its first one on: however long the work between takes, the rhythm is kept.
///
///     pyasync::uv::interval every_second(1s);
///     for (;;) {
///         co_await every_second.tick();  // at once, and then each second
///         report();
///     }
///
/// A value that counts time and has no thread: one task at a time waits for it, on whatever loop.
class interval {
public:
    /// Its first tick is due at once. A period of zero or less is a `std::invalid_argument`.
    template <typename Rep, typename Period>
    explicit interval(std::chrono::duration<Rep, Period> period, missed_ticks missed = missed_ticks::skip)
        : interval(period, std::chrono::steady_clock::now(), missed) {}

    /// Its first tick is due at that time.
    template <typename Rep, typename Period>
    interval(std::chrono::duration<Rep, Period> period, std::chrono::steady_clock::time_point first,
             missed_ticks missed = missed_ticks::skip)
        : interval(detail::in_clock_ticks(period), first, missed, from_ticks()) {}

    /// Waits for the next tick; where its time has passed, gives way to the loop's other work once. The result says how
    /// many ticks have become due: one, or with `missed_ticks::skip` and those that were missed, more.
    ///
    /// **Thread.** Continues on the task's home loop. **Cancellation.** Ends at once, and takes no tick away.
    /// **Errors.** `cancelled`. **Ownership.** Refers to the interval, which has to stay where it is meanwhile.
    [[nodiscard]] detail::tick_operation tick() noexcept { return {this}; }

    /// The next tick is due one period from now.
    void restart() noexcept { next_ = std::chrono::steady_clock::now() + period_; }

    [[nodiscard]] std::chrono::steady_clock::duration period() const noexcept { return period_; }

private:
    friend class detail::tick_awaiter;
    struct from_ticks {};

    interval(detail::clock::duration period, detail::clock::time_point first, missed_ticks missed, from_ticks);
    /// How many ticks have come, where one has.
    std::uint64_t take(detail::clock::time_point now) noexcept;

    detail::clock::duration period_;
    detail::clock::time_point next_;
    missed_ticks missed_;
};

}  // namespace pyasync::uv
