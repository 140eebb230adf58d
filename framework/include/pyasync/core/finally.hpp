// framework/include/pyasync/core/finally.hpp: cleaning up that has to wait.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <pyasync/core/as_task.hpp>
#include <pyasync/core/closure.hpp>
#include <pyasync/core/this_task.hpp>

namespace pyasync {

namespace detail {

template <typename Body, typename Cleanup>
task<awaited_type<Body>> run_finally(Body body, Cleanup cleanup) {
    using value = awaited_type<Body>;
    result<value> outcome;
    try {
        untraced<Body> quiet(std::forward<Body>(body));
        if constexpr (std::is_void_v<value>) {
            co_await std::move(quiet);
            outcome.set_value();
        } else {
            outcome.set_value(co_await std::move(quiet));
        }
    } catch (...) {
        outcome.set_error(std::current_exception());
    }
    // A cancellation that has come too late for the body is not for the clean-up, but for what comes behind it.
    const bool missed = co_await question<&task_context::take_cancellation>();
    std::exception_ptr failure;
    try {
        auto last = cleanup();
        untraced<decltype(last)> quiet(std::move(last));
        co_await std::move(quiet);
    } catch (...) {
        failure = std::current_exception();
    }
    if (missed) co_await question<&task_context::cancel_next_wait>();
    if (failure) std::rethrow_exception(failure);
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    co_return outcome.take();
}

}  // namespace detail

/// Awaits `body`, then `cleanup()`, however the body has ended, and gives what the body has come to: what `finally` is
/// in Python. (C++ has no `co_await` in a `catch` block or a destructor.)
///
///     co_await pyasync::finally(talk_on(connection), [&] { return connection.close(); });
///
/// **Start.** With the `co_await`; `cleanup` is called once, when the body has ended, and not where that never began.
/// **Thread.** Both run as a part of the awaiting task. **Cancellation.** Cancelling the awaiting task cancels the
/// body, then the clean-up runs undisturbed; where the body ended with something else, the next wait behind both throws.
/// A further cancellation interrupts the clean-up, as in Python: its `co_await` throws `cancelled`, and that goes on.
/// **Errors.** The body's; where the clean-up throws, that takes its place.
/// **Ownership.** The awaiting expression owns both; what they refer to must outlive it.
template <detail::context_awaitable Body, typename Cleanup>
    requires detail::context_awaitable<std::invoke_result_t<std::decay_t<Cleanup>&>>
[[nodiscard]] task<detail::awaited_type<Body>> finally(Body&& body, Cleanup&& cleanup) {
    detail::require_closure_survives_co_await<Cleanup>();
    return detail::run_finally<Body, std::decay_t<Cleanup>>(std::forward<Body>(body), std::forward<Cleanup>(cleanup));
}

}  // namespace pyasync
