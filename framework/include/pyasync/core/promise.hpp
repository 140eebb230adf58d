// framework/include/pyasync/core/promise.hpp: promise<T>, the end of a future that a callback completes.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/ref.hpp>

namespace pyasync {

namespace detail {

template <typename T>
class promise_state final : public future_state<T> {
public:
    /// True for the first who asks: the outcome is his to set.
    [[nodiscard]] bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_acq_rel); }
    void publish() noexcept {
        static_cast<void>(exchange_handler({}));  // it goes now, with what it holds
        this->complete();
    }
    /// True where this is the outcome: nobody was faster.
    bool fail(std::exception_ptr error) noexcept {
        if (!claim()) return false;
        this->outcome.set_error(std::move(error));
        publish();
        return true;
    }

    void on_cancel(std::function<void()> handler) {
        static_cast<void>(exchange_handler(std::make_shared<const std::function<void()>>(std::move(handler))));
    }

    void cancel() noexcept override {
        std::shared_ptr<const std::function<void()>> handler;
        {
            const std::lock_guard lock(mutex_);
            handler = handler_;
        }
        if (handler == nullptr) {
            // Who claims it at this very moment is faster.
            if (!fail(std::make_exception_ptr(cancelled()))) missed_.store(true, std::memory_order_relaxed);
            return;
        }
        if (claimed_.load(std::memory_order_acquire)) missed_.store(true, std::memory_order_relaxed);
        try {
            (*handler)();
        } catch (...) {
            fail(std::current_exception());
        }
    }
    [[nodiscard]] bool missed_cancellation() const noexcept override { return missed_.load(std::memory_order_relaxed); }
    void abandon() noexcept override {
        if (!abandoned_.exchange(true, std::memory_order_relaxed)) cancel();
    }
    void identify(reported_operation& into) const override { into.what = "a promise"; }

private:
    ~promise_state() override = default;

    [[nodiscard]] std::shared_ptr<const std::function<void()>> exchange_handler(
        std::shared_ptr<const std::function<void()>> handler) noexcept {
        const std::lock_guard lock(mutex_);
        return std::exchange(handler_, std::move(handler));
    }

    std::mutex mutex_;
    std::shared_ptr<const std::function<void()>> handler_;
    std::atomic<bool> claimed_{false};
    std::atomic<bool> abandoned_{false};
    std::atomic<bool> missed_{false};
};

}  // namespace detail

/// The other end of a future, for what tells its end by a callback: libuv's operations, the ones of a library.
///
///     pyasync::task<int> answer(service& s) {
///         pyasync::promise<int> reply;
///         pyasync::future<int> value = reply.get_future();
///         s.ask([reply = std::move(reply)](int n) { reply.set_value(n); });
///         co_return co_await std::move(value);
///     }
///
/// **Thread.** Any; it may be copied (all copies are one promise), and completed on another thread than the awaiting
/// one. **Cancellation.** Cancelling the task that awaits the future, or destroying the future, throws `cancelled` at
/// once, and what is set later is dropped; where `on_cancel` was given, that is called instead, and the future ends
/// when the operation does. **Errors.** `std::logic_error` for a second `get_future`; a promise that goes without a
/// value ends its future with `std::runtime_error`. **Ownership.** Shares the outcome with the future.
template <typename T = void>
class promise {
public:
    promise() : end_(std::make_shared<end>()) {}

    /// Once.
    [[nodiscard]] future<T> get_future() const {
        if (std::exchange(end_->given, true)) throw std::logic_error("pyasync: a promise has one future");
        return future<T>(end_->state);
    }

    /// What a cancellation calls, on any thread, maybe more than once, while there is no outcome (one that is set at
    /// the same moment may be missed): it asks the operation to end early, which then completes the promise. What it
    /// throws is the outcome. To be said before `get_future`. It goes with the outcome; until then it keeps what it
    /// holds, a copy of the promise, too, which would then not go without a value.
    void on_cancel(std::function<void()> handler) const { end_->state->on_cancel(std::move(handler)); }

    /// False where it has an outcome already: nobody learns of this one.
    template <typename... Args>
    bool set_value(Args&&... args) const {
        if (!end_->state->claim()) return false;
        detail::set_from(end_->state->outcome, [&]() -> T { return T(std::forward<Args>(args)...); });
        end_->state->publish();
        return true;
    }
    bool set_exception(std::exception_ptr error) const {
        if (!end_->state->claim()) return false;
        end_->state->outcome.set_error(std::move(error));
        end_->state->publish();
        return true;
    }

private:
    struct end {
        detail::ref<detail::promise_state<T>> state = detail::make_ref<detail::promise_state<T>>();
        bool given = false;
        ~end() {
            if (!state->claim()) return;
            state->outcome.set_error(
                std::make_exception_ptr(std::runtime_error("pyasync: a promise was destroyed before it had a value")));
            state->publish();
        }
    };

    std::shared_ptr<end> end_;
};

}  // namespace pyasync
