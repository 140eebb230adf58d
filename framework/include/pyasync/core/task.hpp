// framework/include/pyasync/core/task.hpp: task<T>, the coroutine type of the framework.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <source_location>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/result.hpp>
#include <pyasync/core/task_context.hpp>

namespace pyasync {

template <typename T = void>
class task;

namespace detail {

template <typename T>
class task_awaiter;

/// What an awaitable of the framework offers to the task that awaits it.
template <typename A>
concept context_awaitable = requires(A&& awaitable, task_context& context, const std::source_location& where) {
    std::forward<A>(awaitable).awaiter_in(context, where);
};

class promise_base {
public:
    /// A task begins when it is awaited or spawned, not when it is called.
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

    struct final_awaiter {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            return ended.promise().gives_way(ended);
        }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }

    template <context_awaitable Awaitable>
    [[nodiscard]] decltype(auto) await_transform(Awaitable&& awaitable,
                                                 const std::source_location& where = std::source_location::current()) {
        return std::forward<Awaitable>(awaitable).awaiter_in(*context_, where);
    }

    void set_context(task_context& context) noexcept { context_ = &context; }
    void set_parent(std::nullptr_t) noexcept { parent_ = nullptr; }
    /// The coroutine that awaits this one, which does not end at once; and where it does: to be kept as long.
    template <typename Promise>
    void set_parent(std::coroutine_handle<Promise> parent, const std::source_location& where) noexcept {
        parent_ = parent;
        awaiting_ = &parent.promise();
        awaited_at_ = &where;
    }

    /// For a report of the task: the promise of that coroutine, null for the outermost; and the place.
    [[nodiscard]] const promise_base* awaiting() const noexcept { return parent_ ? awaiting_ : nullptr; }
    [[nodiscard]] const std::source_location& awaited_at() const noexcept { return *awaited_at_; }

protected:
    /// `self`, its coroutine, is at its end, or at a `co_yield`: who continues.
    [[nodiscard]] std::coroutine_handle<> gives_way(std::coroutine_handle<> self) noexcept {
        context_->gives_way(self);
        return parent_ ? parent_ : std::noop_coroutine();
    }

private:
    task_context* context_ = nullptr;
    std::coroutine_handle<> parent_;
    // Only there to be reported, and only where there is a parent: so nothing is written but where one suspends.
    const promise_base* awaiting_;
    const std::source_location* awaited_at_;
};

template <typename T>
class promise final : public promise_base {
public:
    [[nodiscard]] task<T> get_return_object() noexcept;
    template <typename U = T>
        requires std::is_convertible_v<U&&, T>
    void return_value(U&& value) {
        outcome.set_value(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { outcome.set_error(std::current_exception()); }

    result<T> outcome;
};

template <>
class promise<void> final : public promise_base {
public:
    [[nodiscard]] task<void> get_return_object() noexcept;
    void return_void() noexcept { outcome.set_value(); }
    void unhandled_exception() noexcept { outcome.set_error(std::current_exception()); }

    result<void> outcome;
};

template <typename T>
using task_handle = std::coroutine_handle<promise<T>>;

}  // namespace detail

/// A lazy coroutine that ends with a `T`.
///
///     pyasync::task<int> answer() {
///         co_await pyasync::uv::sleep(10ms);
///         co_return 42;
///     }
///
/// **Start.** Calling `answer()` runs nothing. `co_await answer()` runs it as a part of the awaiting task, on the same
/// thread and with the same task locals; `spawn(answer())` runs it beside the spawning task.
/// **Thread.** A spawned task has a home, one libuv loop, and all of its coroutines run there, whatever thread
/// completes what they await.
/// **Cancellation.** Cancelling a task throws `cancelled` from the innermost `co_await` that it waits in.
/// **Errors.** An exception leaves through the `co_await` (or the `future`) that the value would have come from.
/// **Ownership.** The task owns its coroutine and the coroutine owns its parameters: take them by value. References are
/// good for as long as the caller awaits in the same expression. One that is destroyed before its start never runs; one
/// that has been moved from throws `misuse` where it is awaited or spawned.
template <typename T>
class [[nodiscard("a task runs only when it is awaited or spawned")]] task {
public:
    using value_type = T;
    using promise_type = detail::promise<T>;

    task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~task() {
        if (coroutine_) coroutine_.destroy();
    }

    /// For `co_await`, which takes the task over: `co_await std::move(t)`, `co_await f()`.
    [[nodiscard]] detail::task_awaiter<T> awaiter_in(detail::task_context& context,
                                                     const std::source_location& where) && {
        return detail::task_awaiter<T>(release(), context, where);
    }

    /// Gives the coroutine to the caller, who destroys it. Throws `misuse` where it has been given away.
    [[nodiscard]] detail::task_handle<T> release() {
        if (!coroutine_) [[unlikely]]
            detail::refuse_gone("task");
        return std::exchange(coroutine_, nullptr);
    }

    /// Takes over what `release` has given.
    explicit task(detail::task_handle<T> coroutine) noexcept : coroutine_(coroutine) {}

private:
    detail::task_handle<T> coroutine_;
};

namespace detail {

template <typename T>
task<T> promise<T>::get_return_object() noexcept {
    return task<T>(task_handle<T>::from_promise(*this));
}

inline task<void> promise<void>::get_return_object() noexcept {
    return task<void>(task_handle<void>::from_promise(*this));
}

/// Runs the child until it ends or waits. The child is resumed from here, not by symmetric transfer, and resumes its
/// parent only where the parent did suspend: so the stack stays flat in a loop of children that end at once, with
/// optimisation or without.
template <typename T>
class [[nodiscard]] task_awaiter {
public:
    task_awaiter(task_handle<T> child, task_context& context, const std::source_location& where) noexcept
        : child_(child), context_(&context), where_(where) {}
    task_awaiter(const task_awaiter&) = delete;
    task_awaiter& operator=(const task_awaiter&) = delete;
    ~task_awaiter() { child_.destroy(); }

    [[nodiscard]] bool await_ready() noexcept {
        child_.promise().set_context(*context_);
        child_.resume();
        return child_.done();
    }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) noexcept {
        child_.promise().set_parent(parent, where_);
    }
    T await_resume() {
        result<T>& outcome = child_.promise().outcome;
        if (outcome.failed()) {
            context_->passes(outcome.error(), where_);
            std::rethrow_exception(outcome.error());
        }
        return outcome.take();
    }

private:
    task_handle<T> child_;
    task_context* context_;
    std::source_location where_;
};

}  // namespace detail
}  // namespace pyasync
