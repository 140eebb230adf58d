// framework/include/pyasync/core/this_task.hpp: what a task can learn of itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <functional>
#include <source_location>
#include <stop_token>

#include <pyasync/core/task_context.hpp>

namespace pyasync {

namespace detail {

/// What a task asks its context: `co_await` gives the answer without waiting.
template <auto Ask>
class [[nodiscard("it is the co_await that gives the answer")]] question {
public:
    class awaiter {
    public:
        explicit awaiter(task_context& context) noexcept : context_(&context) {}
        [[nodiscard]] bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        [[nodiscard]] decltype(auto) await_resume() const { return std::invoke(Ask, *context_); }

    private:
        task_context* context_;
    };

    [[nodiscard]] awaiter awaiter_in(task_context& context, const std::source_location&) const noexcept {
        return awaiter(context);
    }
};

}  // namespace detail

namespace this_task {

/// `co_await this_task::stop_token()` gives a token that tells when the running task is cancelled: for what does not
/// wait, and for functions on other threads, which cancelling the task would leave alone.
///
///     const std::stop_token stop = co_await pyasync::this_task::stop_token();
///     co_await pyasync::spawn_blocking(&search, haystack, stop);  // looks at stop.stop_requested() now and then
///
/// **Thread.** Does not wait. The token may be asked, copied and destroyed on any thread, also when the task has ended;
/// a `std::stop_callback` is called at the task's home. **Cancellation.** Stop is requested with the task's first
/// cancellation, whatever becomes of that, and before what the task waits for hears of it. **Errors.** `std::bad_alloc`
/// from the first one of a task. **Ownership.** A task that never asks has no stop state.
[[nodiscard]] inline detail::question<&detail::task_context::stop_token> stop_token() noexcept { return {}; }

/// `co_await this_task::is_cancelled()`: has the running task been asked to end, be it that it has swallowed that?
/// Does not wait, and throws nothing.
[[nodiscard]] inline detail::question<&detail::task_context::is_cancelled> is_cancelled() noexcept { return {}; }

}  // namespace this_task
}  // namespace pyasync
