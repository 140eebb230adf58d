// framework/include/pyasync/core/children.hpp: tasks that run for an awaiting one, which waits until all have ended.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

#include <pyasync/core/as_task.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/core/task_context.hpp>
#include <pyasync/core/work.hpp>

namespace pyasync::detail {

class children;

enum class ending { with_value, with_failure, with_cancellation };

/// The locals of a child: a copy, as for a spawned task, or those of the awaiting task themselves, where that does
/// nothing else meanwhile.
enum class childs_locals { copied, shared };

/// One of them. May be moved before it begins; from then on used on the home thread of the awaiting task only.
class child : work {
public:
    child(child&&) noexcept : child() {}
    virtual ~child() = default;

protected:
    child() noexcept : work(&arrive) {}

    /// It runs from now on, and the child keeps what stands for it.
    virtual future_state_base& start(task_context& parent, childs_locals locals, const std::source_location& where) = 0;

    /// Moves the exception out that it has ended with; null where it has a value.
    [[nodiscard]] virtual std::exception_ptr take_error() noexcept = 0;

    /// What stands for it, once it runs.
    [[nodiscard]] future_state_base& state() const noexcept { return *state_; }

private:
    friend class children;
    static void arrive(work& self, delivery how) noexcept;

    children* parent_ = nullptr;
    future_state_base* state_ = nullptr;
    std::exception_ptr error_;
    child* previous_ = nullptr;
    child* next_ = nullptr;
};

/// A child that gives a `T`: a task, which becomes a root at the awaiting task's home, or what runs already, anywhere.
template <typename T>
class child_of : public child {
public:
    explicit child_of(task<T>&& body) noexcept : running_(std::move(body)) {}
    explicit child_of(future<T>&& running) noexcept : running_(std::move(running)) {}
    template <context_awaitable Awaitable>
    explicit child_of(Awaitable&& awaitable) : child_of(as_task<Awaitable>(std::forward<Awaitable>(awaitable))) {}

    /// Once it has ended with one.
    [[nodiscard]] typename result<T>::stored take() {
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return outcome().take();
        }
    }

private:
    future_state_base& start(task_context& parent, childs_locals locals, const std::source_location& where) override {
        ref<future_state<T>> state;
        if (auto* const body = std::get_if<task<T>>(&running_)) {
            // Common ones are a copy already; and to have what a child sets, the parent needs its own.
            const bool shared = locals == childs_locals::shared;
            const locals_ref& mine = shared ? parent.need_locals() : parent.locals();
            locals_ref its = shared || !mine || mine->is_common() ? mine : mine->for_child();
            state = root<T>::launch(std::move(*body), parent.home(), std::move(its), where);
        } else {
            state = std::move(std::get<future<T>>(running_)).release();
        }
        future_state<T>& started = *state;
        running_.template emplace<future<T>>(std::move(state));
        started.awaited_in(parent);
        return started;
    }
    [[nodiscard]] std::exception_ptr take_error() noexcept override {
        return outcome().failed() ? outcome().take_error() : nullptr;
    }
    [[nodiscard]] result<T>& outcome() noexcept { return static_cast<future_state<T>&>(state()).outcome; }

    std::variant<task<T>, future<T>> running_;
};

/// Base of the awaiters that wait for children. It starts them, asks them to end early where it has to, once, and
/// continues when the last one has ended. What has to be asked when is for the derived class to say.
///
/// A cancellation of the awaiting task is passed on to them. One that comes when they have been asked already, or have
/// all ended, is not lost: where the wait ends with a value or with errors, the next one throws it.
class children : public suspension {
public:
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }

protected:
    children(task_context& context, const std::source_location& where) noexcept : suspension(context, where) {}
    ~children() = default;

    /// Home thread: adds the first ones.
    virtual void start() = 0;
    /// One has ended, and does not belong to these any more; but for one with a failure, which has to stay in place.
    virtual void ended(child& one, ending how) noexcept = 0;
    /// What a report calls the wait for them.
    [[nodiscard]] virtual const char* name() const noexcept = 0;

    void describe(task_report& into) const override;

    /// Starts a child, which has to stay in place until it has ended.
    void add(child& one, childs_locals locals, const std::source_location& where);

    /// Asks all that run to end early, once, in the order in which they began: they may be cleaning up when there is
    /// another reason.
    void stop() noexcept;
    /// Has that been done?
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }

    /// Has the awaiting task been cancelled?
    [[nodiscard]] bool cancelled_from_outside() const noexcept { return cancelled_; }
    /// The same, and that is why they were asked.
    [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

    /// When all have ended. Throws what they have failed with: the one exception, or an `exception_group`; where none
    /// has failed, but there is no value either, what the first one was cancelled with, or `cancelled`.
    void finish(bool has_value);

    /// The failed ones, one after the other; null at the end.
    [[nodiscard]] child* first_failed() const noexcept { return first_failed_; }
    [[nodiscard]] static child* next_failed(const child& one) noexcept { return one.next_; }

private:
    friend class child;

    [[nodiscard]] bool begin() noexcept final;
    void cancel() noexcept final;
    void arrived(child& one) noexcept;
    [[noreturn]] void throw_cancellation();
    [[noreturn]] void throw_errors();

    child* running_ = nullptr;  ///< the first of those that run, in the order in which they began
    child* latest_ = nullptr;   ///< the last of them
    child* first_failed_ = nullptr;
    child* last_failed_ = nullptr;
    std::exception_ptr cancellation_;  ///< what the first one was cancelled with
    std::unique_ptr<exception_trail> trail_of_cancellation_;
    std::exception_ptr unstarted_;
    bool stopping_ = false;
    bool cancelled_ = false;
    bool interrupted_ = false;
    bool missed_ = false;  ///< by one of them
};

}  // namespace pyasync::detail
