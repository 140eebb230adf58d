// framework/include/pyasync/core/future.hpp: future<T>, a handle on something that runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <source_location>
#include <utility>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/result.hpp>
#include <pyasync/core/task_context.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/unretrieved.hpp>

namespace pyasync {

template <typename T>
class future;

namespace detail {

/// What a running operation and the one who waits for it share: a slot for the waiter, and the way to cancel.
class future_state_base : public ref_counted {
public:
    /// Has it ended? Any thread; what the operation wrote before it ended is then visible.
    [[nodiscard]] bool done() const noexcept { return waiter_.load(std::memory_order_acquire) == ended(); }

    /// Posts `waiter` to `home` once the operation ends; false, and nothing posted, where it has ended already.
    /// At most one waiter.
    [[nodiscard]] bool notify(work& waiter, executor& home) noexcept {
        waiter_home_ = &home;
        work* nobody = nullptr;
        return waiter_.compare_exchange_strong(nobody, &waiter, std::memory_order_acq_rel, std::memory_order_acquire);
    }

    /// Takes back a waiter that has been given to `notify`: it will not be posted. False where it has been, or is being.
    [[nodiscard]] bool withdraw(work& waiter) noexcept {
        work* mine = &waiter;
        return waiter_.compare_exchange_strong(mine, nullptr, std::memory_order_acq_rel, std::memory_order_acquire);
    }

    /// Does somebody wait for it? Whoever cancels that one cancels this, too.
    [[nodiscard]] bool awaited() const noexcept {
        const work* const waiter = waiter_.load(std::memory_order_acquire);
        return waiter != nullptr && waiter != ended();
    }

    /// Asks the operation to end early; any thread, any number of times, without effect on one that has ended.
    virtual void cancel() noexcept = 0;

    /// Nobody wants it any more: cancels it, unless that has been done for want of interest before. (A second
    /// cancellation would interrupt the cleaning up that the first has started.)
    virtual void abandon() noexcept = 0;

    /// A task is about to wait for it; what could not start for want of an event loop can do so now.
    virtual void awaited_in(task_context&) {}

    /// Once it is done: was it asked to end early when it was too late for that? Then it has not heard of it, let alone
    /// swallowed it, and whoever has passed his own cancellation on to it still has to see to that.
    [[nodiscard]] virtual bool missed_cancellation() const noexcept { return false; }

    /// The way that the exception has come so far, or null; once it is done.
    [[nodiscard]] virtual std::unique_ptr<exception_trail> take_trail() noexcept { return nullptr; }

    /// For a report, on any thread: what it is. Its id, and what keeps that, are there already; one that stands for
    /// another operation puts that one's in their place. Throws `std::bad_alloc`.
    virtual void identify(reported_operation& into) const = 0;

protected:
    /// The outcome is in place; to be called once.
    void complete() noexcept {
        work* const waiter = waiter_.exchange(ended(), std::memory_order_acq_rel);
        if (waiter != nullptr) waiter_home_->post(*waiter);
    }

private:
    struct tag final : work {
        tag() noexcept : work(nullptr) {}
    };
    static work* ended() noexcept { return &ended_tag; }
    inline static tag ended_tag;

    std::atomic<work*> waiter_{nullptr};
    executor* waiter_home_ = nullptr;
};

[[nodiscard]] inline reported_operation reported(const future_state_base& state) {
    reported_operation made{{&state}, {}, {}, ref<const ref_counted>::share(&state)};
    state.identify(made);
    return made;
}

template <typename T>
class future_state : public future_state_base {
public:
    /// To be read by one thread, once it is done.
    result<T> outcome;

protected:
    ~future_state() override { tell_if_unretrieved({}); }

    /// Nobody holds it any more, and nobody has taken the error. (For the destructor of one that knows where it was
    /// started; or as soon as that is certain.)
    void tell_if_unretrieved(const std::source_location& started, const task_locals_base* carried = nullptr) noexcept {
        if (outcome.failed()) tell_unretrieved(started, carried, outcome.take_error());
    }
};

template <typename T>
class future_awaiter final : public suspension, work {
public:
    future_awaiter(ref<future_state<T>> state, task_context& context, const std::source_location& where) noexcept
        : suspension(context, where), work(&continue_task), state_(std::move(state)) {}
    ~future_awaiter() {
        if (!state_->done()) state_->abandon();
    }

    [[nodiscard]] bool await_ready() {
        if (state_->done()) {
            context().throw_if_cancelled();
            return true;
        }
        state_->awaited_in(context());
        // It has been started, maybe with references to what is here: so its end is waited for.
        interrupted_ = context().take_cancellation();
        if (interrupted_) cancel();
        return state_->done();
    }
    T await_resume() {
        const bool missed = passed_on_ && state_->missed_cancellation();
        if (state_->outcome.failed()) {
            context().adopt_trail(state_->take_trail());
            // Taken: it shall die with whoever handles it, not on the thread that lets go of the state last.
            const std::exception_ptr error = state_->outcome.take_error();
            if (missed && !is_cancellation(error)) context().cancel_next_wait();
            fail(error);
        }
        if (interrupted_) fail(std::make_exception_ptr(cancelled()));
        if (missed) context().cancel_next_wait();
        return state_->outcome.take();
    }

private:
    static void continue_task(work& self, delivery how) noexcept {
        if (how == delivery::served) static_cast<future_awaiter&>(self).resume();
    }
    bool begin() noexcept override { return state_->notify(*this, context().home()); }
    void cancel() noexcept override {
        passed_on_ = true;
        state_->cancel();
    }
    void describe(task_report& into) const override {
        into.waits_for_one(reported(*state_));
        if (state_->done()) into.waits_for += ", which has ended";
    }

    ref<future_state<T>> state_;
    bool passed_on_ = false;    ///< the awaiting task's own cancellation
    bool interrupted_ = false;  ///< by one that came before it
};

}  // namespace detail

/// A handle on something that has been started: a spawned task, a blocking function, a Python awaitable.
///
///     pyasync::future<int> f = pyasync::spawn(answer());
///     int n = co_await std::move(f);
///
/// **Thread.** May be moved to, awaited on and destroyed on any thread; the awaiting task continues at its own home.
/// **Cancellation.** Cancelling the task that awaits it cancels what it stands for, and waits until that has unwound;
/// where that has just ended, its value is there, and the next wait throws `cancelled`.
/// Destroying an unfinished future cancels what it stands for, without waiting, unless that has been cancelled before.
/// **Errors.** `co_await` throws what the operation ended with; `cancelled` where it was cancelled.
/// **Ownership.** One owner; `co_await` takes it over, and throws `misuse` where there is nothing in it any more.
template <typename T = void>
class [[nodiscard("destroying a future cancels what it stands for; call detach() to let it run")]] future {
public:
    using value_type = T;

    explicit future(detail::ref<detail::future_state<T>> state) noexcept : state_(std::move(state)) {}
    future(future&&) noexcept = default;
    future& operator=(future&& other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~future() {
        if (state_ && !state_->done()) state_->abandon();
    }

    /// Asks it to end early; it ends when it has unwound.
    void cancel() noexcept {
        if (state_ && !state_->done()) state_->cancel();
    }

    /// Lets it run on its own; its result is dropped. What still runs when the program stops is cancelled then.
    void detach() && noexcept { state_ = {}; }

    /// Has it ended?
    [[nodiscard]] bool done() const noexcept { return state_ && state_->done(); }

    /// For `co_await std::move(f)`.
    [[nodiscard]] detail::future_awaiter<T> awaiter_in(detail::task_context& context,
                                                       const std::source_location& where) && {
        return detail::future_awaiter<T>(std::move(*this).release(), context, where);
    }

    /// For the bridge, which makes other handles of it. Throws `misuse` where it has been moved from.
    [[nodiscard]] detail::ref<detail::future_state<T>> release() && {
        if (!state_) [[unlikely]]
            detail::refuse_gone("future");
        return std::move(state_);
    }

private:
    detail::ref<detail::future_state<T>> state_;
};

}  // namespace pyasync
