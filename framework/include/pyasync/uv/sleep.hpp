// framework/include/pyasync/uv/sleep.hpp: waiting for a time to pass.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <coroutine>
#include <source_location>

#include <pyasync/core/task_context.hpp>
#include <pyasync/uv/duration.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv {

namespace detail {

class sleep_awaiter final : public pyasync::detail::suspension, pyasync::detail::work, timer_entry {
public:
    sleep_awaiter(clock::duration length, pyasync::detail::task_context& context,
                  const std::source_location& where) noexcept;

    /// A sleep of no length gives way to whatever else the loop has to do.
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }
    void await_resume() const {
        if (out_of_memory_) throw std::bad_alloc();
        if (cancelled_) fail(std::make_exception_ptr(cancelled()));
    }

private:
    bool begin() noexcept override;
    void expired() noexcept override { resume(); }
    void cancel() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    static void continue_task(work& self, pyasync::detail::delivery how) noexcept;

    clock::duration length_;
    bool cancelled_ = false;
    bool over_ = false;
    bool out_of_memory_ = false;
};

struct sleep_operation {
    using value_type = void;
    clock::duration length;
    [[nodiscard]] sleep_awaiter awaiter_in(pyasync::detail::task_context& context,
                                           const std::source_location& where) const noexcept {
        return {length, context, where};
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

}  // namespace pyasync::uv
