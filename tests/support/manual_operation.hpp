// tests/support/manual_operation.hpp: something to await that the test ends by hand.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <exception>
#include <source_location>
#include <utility>

#include <pyasync/core/result.hpp>
#include <pyasync/core/task_context.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::test {

/// What an operation does when the task that waits for it is cancelled.
enum class when_cancelled { ends, carries_on };

/// `co_await operation` waits until the test calls `end_with` or `fail`, which post to the task's home; one waiter at a
/// time. All on the home thread.
template <typename T = void>
class manual_operation {
public:
    class awaiter;

    explicit manual_operation(when_cancelled habit = when_cancelled::ends) noexcept : habit_(habit) {}
    manual_operation(const manual_operation&) = delete;
    manual_operation& operator=(const manual_operation&) = delete;

    [[nodiscard]] awaiter awaiter_in(detail::task_context& context, const std::source_location& where) noexcept {
        return {*this, context, where};
    }

    [[nodiscard]] bool awaited() const noexcept { return awaiter_ != nullptr; }
    /// How often it has been asked to end early.
    [[nodiscard]] int cancellations() const noexcept { return cancellations_; }

    template <typename... Args>
    void end_with(Args&&... args) {
        detail::result<T> outcome;
        outcome.set_value(std::forward<Args>(args)...);
        end(std::move(outcome));
    }
    void fail(std::exception_ptr error) {
        detail::result<T> outcome;
        outcome.set_error(std::move(error));
        end(std::move(outcome));
    }

private:
    void end(detail::result<T> outcome) { std::exchange(awaiter_, nullptr)->end(std::move(outcome)); }

    const when_cancelled habit_;
    awaiter* awaiter_ = nullptr;
    int cancellations_ = 0;
};

template <typename T>
class manual_operation<T>::awaiter final : public detail::suspension, detail::work {
public:
    awaiter(manual_operation& operation, detail::task_context& context, const std::source_location& where) noexcept
        : suspension(context, where), work(&continue_task), operation_(operation) {}

    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }
    T await_resume() {
        if (outcome_.failed()) fail(outcome_.error());
        return outcome_.take();
    }

    void end(detail::result<T> outcome) {
        outcome_ = std::move(outcome);
        context().home().post(*this);
    }

private:
    bool begin() noexcept override {
        operation_.awaiter_ = this;
        return true;
    }
    void cancel() noexcept override {
        ++operation_.cancellations_;
        if (operation_.habit_ == when_cancelled::ends && operation_.awaited()) {
            operation_.fail(std::make_exception_ptr(cancelled()));
        }
    }
    void describe(detail::task_report& into) const override { into.waits_for = "the test"; }
    static void continue_task(detail::work& self, detail::delivery) noexcept { static_cast<awaiter&>(self).resume(); }

    manual_operation& operation_;
    detail::result<T> outcome_;
};

}  // namespace pyasync::test
