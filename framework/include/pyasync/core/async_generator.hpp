// framework/include/pyasync/core/async_generator.hpp: async_generator<T>, a coroutine that gives many values.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <utility>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/core/task_context.hpp>

namespace pyasync {

template <typename T>
class async_generator;

namespace detail {

template <typename T>
class generator_promise final : public promise_base {
public:
    /// At a `co_yield`: back to the consumer, until it wants the next item.
    class yield_awaiter {
    public:
        explicit yield_awaiter(generator_promise& promise) noexcept : promise_(&promise) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        [[nodiscard]] std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) const noexcept {
            return promise_->gives_way(self);
        }
        void await_resume() const {
            if (promise_->thrown) std::rethrow_exception(std::exchange(promise_->thrown, nullptr));
        }

    private:
        generator_promise* promise_;
    };

    [[nodiscard]] async_generator<T> get_return_object() noexcept;

    template <typename U = T>
        requires std::is_convertible_v<U&&, T>
    [[nodiscard]] yield_awaiter yield_value(U&& value) {
        item.emplace(std::forward<U>(value));
        return yield_awaiter(*this);
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }

    std::optional<T> item;      ///< what the last `co_yield` gave, until the consumer takes it
    std::exception_ptr error;   ///< what has left the body
    std::exception_ptr thrown;  ///< what the `co_yield` that it stands at will throw
    bool started = false;
    bool running = false;
    bool closed = false;  ///< before it began
};

template <typename T>
using generator_handle = std::coroutine_handle<generator_promise<T>>;

template <typename T>
[[nodiscard]] bool has_ended(generator_handle<T> generator) noexcept {
    return !generator || generator.done() || generator.promise().closed;
}

/// Resumes the generator up to its next `co_yield` or its end. As with a task, the generator is resumed from here and
/// resumes its consumer only where that did suspend: the stack stays flat in a loop over items that are there.
template <typename T>
class [[nodiscard]] generator_step {
public:
    generator_step(generator_handle<T> generator, std::exception_ptr thrown, task_context& context,
                   const std::source_location& where)
        : generator_(generator), thrown_(std::move(thrown)), context_(&context), where_(where) {
        if (generator_ && generator_.promise().running) {
            throw std::logic_error("pyasync: this async_generator is running already: one next() at a time");
        }
    }
    generator_step(const generator_step&) = delete;
    generator_step& operator=(const generator_step&) = delete;
    ~generator_step() {
        if (resumed_) generator_.promise().running = false;
    }

    [[nodiscard]] bool await_ready() {
        if (has_ended(generator_)) return true;
        generator_promise<T>& promise = generator_.promise();
        if (thrown_ && !promise.started) {
            promise.closed = true;
            return true;
        }
        promise.thrown = std::exchange(thrown_, nullptr);
        promise.started = promise.running = resumed_ = true;
        promise.set_context(*context_);
        promise.set_parent(nullptr);
        generator_.resume();
        return promise.item.has_value() || generator_.done();
    }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> consumer) noexcept {
        generator_.promise().set_parent(consumer, where_);
    }
    [[nodiscard]] std::optional<T> await_resume() {
        if (thrown_) fail(std::exchange(thrown_, nullptr));
        if (!resumed_) return std::nullopt;
        generator_promise<T>& promise = generator_.promise();
        if (promise.error) fail(std::exchange(promise.error, nullptr));
        return std::exchange(promise.item, std::nullopt);
    }

private:
    [[noreturn]] void fail(const std::exception_ptr& error) const {
        context_->passes(error, where_);
        std::rethrow_exception(error);
    }

    generator_handle<T> generator_;
    std::exception_ptr thrown_;
    task_context* context_;
    std::source_location where_;
    bool resumed_ = false;
};

/// For `co_await generator.next()`.
template <typename T>
class [[nodiscard]] generator_operation {
public:
    using value_type = std::optional<T>;

    generator_operation(generator_handle<T> generator, std::exception_ptr thrown) noexcept
        : generator_(generator), thrown_(std::move(thrown)) {}

    [[nodiscard]] generator_step<T> awaiter_in(task_context& context, const std::source_location& where) && {
        return generator_step<T>(generator_, std::move(thrown_), context, where);
    }

private:
    generator_handle<T> generator_;
    std::exception_ptr thrown_;
};

}  // namespace detail

/// A lazy coroutine that gives many `T`s, one after another, with `co_yield`; between them it may `co_await` whatever a
/// task may.
///
///     pyasync::async_generator<int> countdown(int n) {
///         for (; n > 0; --n) {
///             co_await pyasync::uv::sleep(10ms);
///             co_yield n;
///         }
///     }
///
///     auto numbers = countdown(3);
///     while (auto n = co_await numbers.next()) fmt::print("{}\n", *n);
///
/// Given to Python it is an async iterator; see bridge/async_generator_into_py.hpp.
///
/// **Start.** Calling `countdown(3)` runs nothing; each `next()` runs it up to its next `co_yield`, as a part of the
/// awaiting task: on its thread, with its locals. **Cancellation.** Cancelling the task that awaits `next()` throws
/// `cancelled` from the innermost `co_await` that the generator waits in. **Errors.** An exception that leaves the body
/// leaves through `next()`, once; the generator has ended then. One `next()` at a time: a second is a
/// `std::logic_error`. **Ownership.** The generator owns its coroutine, and that its parameters: take them by value.
/// One that is destroyed at a `co_yield` destroys its local variables; where it has to `co_await` its cleaning up,
/// `co_await generator.close()` first. It must not be destroyed while a `next()` waits.
template <typename T>
class [[nodiscard("an async_generator runs only when its next() is awaited")]] async_generator {
public:
    using value_type = T;
    using promise_type = detail::generator_promise<T>;
    static_assert(!std::is_reference_v<T>, "an item is owned by who awaits it: yield a value, not a reference");

    async_generator(async_generator&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    async_generator& operator=(async_generator&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~async_generator() {
        if (coroutine_) coroutine_.destroy();
    }

    /// `co_await generator.next()` gives the next item; nothing where it has ended, then and ever after.
    [[nodiscard]] detail::generator_operation<T> next() & noexcept { return {coroutine_, nullptr}; }

    /// The same, but the `co_yield` that it stands at throws `error`. One that stands at none throws it at once; where
    /// it has not begun, it never will.
    [[nodiscard]] detail::generator_operation<T> throw_into(std::exception_ptr error) & noexcept {
        return {coroutine_, std::move(error)};
    }

    /// Ends it early: the `co_yield` that it stands at throws `cancelled`, and it may `co_await` its cleaning up. Other
    /// exceptions leave through the `co_await`; one that yields once more is a `std::logic_error`.
    [[nodiscard]] task<> close() & { return close(*this); }

    /// Has it run to its end?
    [[nodiscard]] bool done() const noexcept { return detail::has_ended(coroutine_); }

private:
    friend promise_type;
    explicit async_generator(detail::generator_handle<T> coroutine) noexcept : coroutine_(coroutine) {}

    static task<> close(async_generator& self) {
        if (self.done()) co_return;
        try {
            if (!co_await self.throw_into(std::make_exception_ptr(cancelled()))) co_return;
        } catch (const cancelled&) {
            co_return;
        }
        throw std::logic_error("pyasync: an async_generator has yielded although it was being closed");
    }

    detail::generator_handle<T> coroutine_;
};

namespace detail {

template <typename T>
async_generator<T> generator_promise<T>::get_return_object() noexcept {
    return async_generator<T>(generator_handle<T>::from_promise(*this));
}

}  // namespace detail
}  // namespace pyasync
