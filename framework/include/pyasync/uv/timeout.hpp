// framework/include/pyasync/uv/timeout.hpp: awaiting something for a time at the most.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <source_location>
#include <utility>

#include <pyasync/core/children.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/uv/duration.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync {

namespace uv::detail {

/// The part that does not depend on what is awaited: one child, and the time that it has.
class time_limit : public pyasync::detail::children, timer_entry {
protected:
    time_limit(clock::duration length, pyasync::detail::task_context& context,
               const std::source_location& where) noexcept
        : children(context, where), length_(length) {}
    ~time_limit() = default;

    void begin_limited(pyasync::detail::child& body);
    /// Throws what there is to throw, once it has ended.
    void finish_limited();

private:
    void expired() noexcept override;
    void ended(pyasync::detail::child& body, pyasync::detail::ending how) noexcept override;
    [[nodiscard]] const char* name() const noexcept override { return "timeout"; }
    void describe(pyasync::detail::task_report& into) const override;

    clock::duration length_;
    bool expired_ = false;
    pyasync::detail::ending how_ = pyasync::detail::ending::with_failure;
};

template <typename T>
class timeout_awaiter final : public time_limit {
public:
    timeout_awaiter(pyasync::detail::child_of<T> body, clock::duration length, pyasync::detail::task_context& context,
                    const std::source_location& where) noexcept
        : time_limit(length, context, where), body_(std::move(body)) {}

    T await_resume() {
        finish_limited();
        return static_cast<T>(body_.take());
    }

private:
    void start() override { begin_limited(body_); }

    pyasync::detail::child_of<T> body_;
};

template <typename T>
class [[nodiscard("a task runs only when it is awaited or spawned")]] limited {
public:
    limited(pyasync::detail::child_of<T> body, clock::duration length) noexcept
        : body_(std::move(body)), length_(length) {}

    [[nodiscard]] timeout_awaiter<T> awaiter_in(pyasync::detail::task_context& context,
                                                const std::source_location& where) && {
        return timeout_awaiter<T>(std::move(body_), length_, context, where);
    }

private:
    pyasync::detail::child_of<T> body_;
    clock::duration length_;
};

}  // namespace uv::detail

/// Awaits a task, a future, whatever can be awaited, for `length` at the most: then it is cancelled, and waited for,
/// and `timed_out` is thrown.
///
///     std::string page = co_await pyasync::timeout(2s, fetch(url));
///
/// **Start.** The `co_await` starts a task beside the awaiting one, at its home and with its context variables, and the
/// time. With a length of zero or less it still runs to its first wait.
/// **Thread.** Continues at the awaiting task's home, a libuv loop. **Cancellation.** Cancelling the awaiting task
/// cancels what it awaits, unless the time being over has done so, and waits until that has unwound.
/// **Errors.** What ends with a value in spite of all gives that, and what ends with an exception of its own throws
/// that. Where it ends with `cancelled`, `timed_out` takes its place if the time was over and nobody has cancelled the
/// awaiting task.
/// **Ownership.** The awaiting expression owns what it awaits.
template <typename Rep, typename Period, detail::context_awaitable Awaitable>
[[nodiscard]] auto timeout(std::chrono::duration<Rep, Period> length, Awaitable&& awaitable) {
    using value = detail::awaited_type<Awaitable>;
    return uv::detail::limited<value>(detail::child_of<value>(std::forward<Awaitable>(awaitable)),
                                      uv::detail::in_clock_ticks(length));
}

}  // namespace pyasync
