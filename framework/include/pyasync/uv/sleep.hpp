// framework/include/pyasync/uv/sleep.hpp: waiting for a time to pass, or to come.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <source_location>

#include <pyasync/core/task.hpp>
#include <pyasync/core/task_context.hpp>
#include <pyasync/uv/duration.hpp>
#include <pyasync/uv/timed_wait.hpp>

namespace pyasync::uv {

namespace detail {

class sleep_awaiter final : public timed_wait {
public:
    sleep_awaiter(clock::duration length, pyasync::detail::task_context& context,
                  const std::source_location& where) noexcept
        : timed_wait("sleep", context, where), length_(length) {}

private:
    bool begin() noexcept override {
        return length_ <= clock::duration::zero() ? give_way() : wait_until(clock::now() + length_);
    }

    clock::duration length_;
};

struct sleep_operation {
    using value_type = void;
    clock::duration length;
    [[nodiscard]] sleep_awaiter awaiter_in(pyasync::detail::task_context& context,
                                           const std::source_location& where) const noexcept {
        return {length, context, where};
    }
};

struct sleep_until_operation {
    using value_type = void;
    clock::time_point deadline;
    [[nodiscard]] deadline_wait awaiter_in(pyasync::detail::task_context& context,
                                           const std::source_location& where) const noexcept {
        return {"sleep_until", deadline, context, where};
    }
};

}  // namespace detail

/// Waits until `length` has passed; a length of zero or less gives way to the loop's other work once.
///
///     co_await pyasync::uv::sleep(100ms);
///
/// **Thread.** Continues on the task's home loop, to the system's timer resolution. **Cancellation.** Ends at once.
/// **Errors.** `cancelled`.
template <typename Rep, typename Period>
[[nodiscard]] detail::sleep_operation sleep(std::chrono::duration<Rep, Period> length) noexcept {
    return {detail::in_clock_ticks(length)};
}

/// Waits until that time has come; one that has passed gives way to the loop's other work once. Those that wait for the
/// same time continue in the order in which they began to.
///
///     const auto end = std::chrono::steady_clock::now() + 1s;
///     co_await pyasync::uv::sleep_until(end);
///
/// **Thread.** Continues on the task's home loop, to the system's timer resolution. **Cancellation.** Ends at once.
/// **Errors.** `cancelled`.
[[nodiscard]] inline detail::sleep_until_operation sleep_until(std::chrono::steady_clock::time_point time) noexcept {
    return {time};
}

/// The same by another clock, `std::chrono::system_clock` say: never before that clock shows the time. One that is set
/// back meanwhile is waited for; that one has been set on is noticed when the time would have come without.
template <typename Clock, typename Duration>
[[nodiscard]] task<> sleep_until(std::chrono::time_point<Clock, Duration> time) {
    auto now = Clock::now();
    do {
        co_await (now < time ? sleep(time - now) : sleep(Duration::zero()));
        now = Clock::now();
    } while (now < time);
}

}  // namespace pyasync::uv
