// framework/include/pyasync/core/task_context.hpp: what all coroutines of one running task share.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <memory>
#include <source_location>
#include <stop_token>
#include <utility>
#include <vector>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/executor.hpp>
#include <pyasync/core/ref.hpp>

namespace pyasync::detail {

/// What a task carries along without looking into it; the bridge keeps the event loop and the context variables here.
class task_locals_base : public ref_counted {
public:
    /// Shared by tasks that have not had need of their locals yet: each gets its own, by `for_child`, when it has.
    [[nodiscard]] bool is_common() const noexcept { return common_; }

    /// A root task that carries these locals has been made (any thread) or has ended (its home thread).
    virtual void root_started() noexcept = 0;
    virtual void root_finished() noexcept = 0;

    /// The locals for a task that is spawned by a task that has these.
    [[nodiscard]] virtual ref<task_locals_base> for_child() = 0;

protected:
    void make_common() noexcept { common_ = true; }

private:
    bool common_ = false;
};

using locals_ref = ref<task_locals_base>;

class suspension;
class promise_base;
struct task_report;

/// The `co_await`s that an exception has passed on its way out, innermost first.
struct exception_trail {
    std::exception_ptr subject;
    std::vector<std::source_location> passed;
};

/// One for each root task: its home, its locals, what it waits for, whether it has been cancelled. The coroutines that
/// a root awaits, and those they await, share it. Used on the home thread only, but for `home`.
class task_context {
public:
    task_context(executor& home, locals_ref locals) noexcept : home_(&home), locals_(std::move(locals)) {}
    task_context(const task_context&) = delete;
    task_context& operator=(const task_context&) = delete;

    [[nodiscard]] executor& home() const noexcept { return *home_; }
    [[nodiscard]] const locals_ref& locals() const noexcept { return locals_; }
    void drop_locals() noexcept { locals_ = {}; }

    /// Where a task's locals come from that has begun without.
    using locals_source = locals_ref (*)();

    /// The task begins on the calling thread, and goes home with its first wait.
    void begin_away(locals_source source) noexcept { away_ = source; }
    [[nodiscard]] bool is_away() const noexcept { return away_ != nullptr; }
    /// Sees to it that it has some, before it goes home; throws what making them throws.
    void find_locals() {
        if (is_away() && !locals_) locals_ = away_();
    }
    /// Its own locals, made now where it has had no need of them; throws what making them throws.
    [[nodiscard]] const locals_ref& need_locals() {
        find_locals();
        if (locals_ && locals_->is_common()) locals_ = locals_->for_child();
        return locals_;
    }
    void go_home() noexcept { away_ = nullptr; }
    /// Home thread: what it has waited for since it was away begins now. False where it does not wait.
    [[nodiscard]] bool begin_wait() noexcept;

    /// The task that runs on this thread, or null.
    [[nodiscard]] static task_context* current() noexcept { return current_; }

    /// Continues one of the task's coroutines; home thread. Where the outermost one ends with that, the root is told.
    void resume(std::coroutine_handle<> coroutine) noexcept;

    /// A coroutine is at its end, or at a `co_yield`.
    void gives_way(std::coroutine_handle<> coroutine) noexcept { ended_ = ended_ || coroutine == outermost_; }

    /// Cancels what the task waits for; where it does not wait, its next wait throws.
    void cancel() noexcept;

    /// Throws `cancelled` where a cancellation came while the task did not wait.
    void throw_if_cancelled() {
        if (take_cancellation()) throw cancelled();
    }
    /// The same for a wait that passes it on to what it waits for; false where there is none.
    [[nodiscard]] bool take_cancellation() noexcept { return std::exchange(cancel_pending_, false); }

    /// Has there been a cancellation, whatever became of it?
    [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }
    /// Tells other threads of it; made at first use.
    [[nodiscard]] std::stop_token stop_token();

    void waits_for(suspension& operation) noexcept { waiting_ = &operation; }
    void waits_no_more() noexcept { waiting_ = nullptr; }

    /// A cancellation came too late for the operation under way: the next wait throws it.
    void cancel_next_wait() noexcept { cancel_pending_ = true; }

    /// Notes that `error` leaves a `co_await` at `where`; nothing where that is no place.
    void passes(const std::exception_ptr& error, const std::source_location& where) noexcept;

    /// Takes over the trail of an exception that comes from another task.
    void adopt_trail(std::unique_ptr<exception_trail> trail) noexcept {
        if (trail != nullptr) trail_ = std::move(trail);
    }
    [[nodiscard]] std::unique_ptr<exception_trail> take_trail() noexcept { return std::move(trail_); }

    /// Home thread: says what it waits for, and in which `co_await`s it stands. Throws `std::bad_alloc`.
    void describe_wait(task_report& into) const;

protected:
    /// Has a cancellation come that no wait has thrown yet?
    [[nodiscard]] bool cancellation_pending() const noexcept { return cancel_pending_; }

    void set_outermost(std::coroutine_handle<> coroutine) noexcept { outermost_ = coroutine; }
    [[nodiscard]] std::coroutine_handle<> outermost() const noexcept { return outermost_; }

private:
    inline static thread_local task_context* current_ = nullptr;

    executor* home_;
    locals_ref locals_;
    suspension* waiting_ = nullptr;
    std::unique_ptr<exception_trail> trail_;
    std::coroutine_handle<> outermost_;  ///< null where this belongs to no root
    std::stop_source stop_{std::nostopstate};
    locals_source away_ = nullptr;
    bool ended_ = false;
    bool cancel_pending_ = false;
    bool cancelled_ = false;
};

/// Base of the awaiters that suspend a task until something has happened: keeps the coroutine, tells its context what
/// it waits for, and begins the wait on the home thread.
class suspension : protected cancellable {
public:
    suspension(const suspension&) = delete;
    suspension& operator=(const suspension&) = delete;

    template <typename Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
        coroutine_ = coroutine;
        promise_ = &coroutine.promise();
        context_->waits_for(*this);
        if (context_->is_away() || begin()) return true;
        context_->waits_no_more();
        return false;
    }

protected:
    friend class task_context;

    /// Home thread: the operation begins; false where there is nothing to wait for any more.
    [[nodiscard]] virtual bool begin() noexcept = 0;

    /// Home thread, while it waits: says what for. Throws `std::bad_alloc`.
    virtual void describe(task_report& into) const = 0;

    suspension(task_context& context, const std::source_location& where) noexcept : context_(&context), where_(where) {}
    ~suspension() = default;

    /// Home thread; the last thing that touches this object.
    void resume() noexcept {
        context_->waits_no_more();
        context_->resume(coroutine_);
    }

    [[nodiscard]] task_context& context() const noexcept { return *context_; }
    [[nodiscard]] const std::source_location& where() const noexcept { return where_; }

    /// Throws `error` into the coroutine, and notes where that happened.
    [[noreturn]] void fail(const std::exception_ptr& error) const {
        context_->passes(error, where_);
        std::rethrow_exception(error);
    }

private:
    task_context* context_;
    std::coroutine_handle<> coroutine_;
    const promise_base* promise_;  ///< the coroutine's, once it is suspended: for `describe_wait` alone
    std::source_location where_;
};

inline void task_context::cancel() noexcept {
    cancelled_ = true;
    if (stop_.stop_possible()) stop_.request_stop();
    if (waiting_ != nullptr) {
        waiting_->cancel();
    } else {
        cancel_pending_ = true;
    }
}

inline bool task_context::begin_wait() noexcept {
    if (waiting_ == nullptr) return false;
    auto& wait = *waiting_;
    if (!wait.begin()) wait.resume();
    return true;
}

}  // namespace pyasync::detail
