// framework/include/pyasync/core/root.hpp: a task that runs by itself, on an executor.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>
#include <utility>

#include <pyasync/core/future.hpp>
#include <pyasync/core/task.hpp>

namespace pyasync::detail {

/// The error of what is started after the libuv loops have stopped.
[[nodiscard]] std::exception_ptr stopped_error() noexcept;

/// The part of a root task that does not depend on its result: its context, its start, its cancellation. It lives until
/// it has ended and nobody holds its future any more.
class root_base : public in_flight, protected task_context, work {
public:
    [[nodiscard]] task_context& context() noexcept { return *this; }
    [[nodiscard]] const task_locals_base* carried() const noexcept override { return locals().get(); }
    void abandon_here() noexcept override {
        if (first_to_set(abandoned)) task_context::cancel();
    }

    /// Its outermost coroutine has ended.
    virtual void ended() noexcept = 0;

protected:
    root_base(executor& home, locals_ref locals, const std::source_location& where) noexcept
        : in_flight(where), task_context(home, std::move(locals)), work(&deliver) {}
    ~root_base() = default;

    void begin() noexcept;
    /// Leaves the list, before the waiter hears of the end.
    void leave() noexcept;
    /// Gives up the locals, after that.
    void finish() noexcept;
    /// What it is called in a report.
    void identify_task(reported_operation& into) const;
    /// Has anybody asked it to end early? Also where that is on its way.
    [[nodiscard]] bool asked_to_end() const noexcept {
        return (flags_.load(std::memory_order_relaxed) & (asked | abandoned)) != 0 || is_cancelled();
    }
    /// Its coroutine has ended, which no cancellation reaches any more.
    void close_to_cancellations() noexcept {
        over_ = true;
        if (cancellation_pending()) flags_.fetch_or(missed, std::memory_order_relaxed);
    }
    /// Has one come too late? Any thread, once the end is known.
    [[nodiscard]] bool has_missed_cancellation() const noexcept {
        return (flags_.load(std::memory_order_relaxed) & (cancels | missed)) != 0;
    }
    void send_cancel() noexcept {
        flags_.fetch_or(asked, std::memory_order_relaxed);
        post_cancel();
    }
    /// Where it has been cancelled before, it may be cleaning up; the end of the program asks once more.
    void send_abandon() noexcept {
        if ((flags_.load(std::memory_order_relaxed) & asked) == 0 && first_to_set(abandoned)) post_cancel();
    }

    virtual void start() noexcept = 0;
    virtual void refuse() noexcept = 0;
    virtual void keep() const noexcept = 0;
    virtual void drop() const noexcept = 0;

private:
    friend class task_context;

    /// What the message that is under way asks for (`cancels` stays where that comes after the end), what has been
    /// asked for ever, and whether a cancellation has found no wait to end.
    enum flag : std::uint8_t { starts = 1, cancels = 2, abandoned = 4, asked = 8, missed = 16 };
    [[nodiscard]] bool first_to_set(flag one) noexcept {
        return (flags_.fetch_or(one, std::memory_order_relaxed) & one) == 0;
    }

    void post_cancel() noexcept;
    static void deliver(work& self, delivery how) noexcept;

    std::atomic<std::uint8_t> flags_{0};
    bool over_ = false;  ///< the home thread's
};

template <typename T>
class root : public future_state<T>, public root_base {
public:
    root(task<T> body, executor& home, locals_ref locals, const std::source_location& where)
        : root_base(home, std::move(locals), where) {
        set_outermost(body.release());
    }

    /// Starts `body` on `home`; any thread. It holds on to itself while it runs.
    [[nodiscard]] static ref<root> launch(task<T> body, executor& home, locals_ref locals,
                                          const std::source_location& where) {
        auto made = make_ref<root>(std::move(body), home, std::move(locals), where);
        made->add_ref();
        made->begin();
        return made;
    }

    /// Runs `body` on this thread up to its first wait. Where it waits (it is not done then), one of `go_home` and
    /// `give_up` has to follow, on this thread. `locals` is called when the task has need of them.
    [[nodiscard]] static ref<root> launch_here(task<T> body, executor& home, task_context::locals_source locals,
                                               const std::source_location& where) {
        auto made = make_ref<root>(std::move(body), home, locals_ref(), where);
        made->add_ref();
        made->begin_away(locals);
        made->enter();
        return made;
    }

    /// From now on it is a task like any other, at home. Throws what making its locals throws, before anything else.
    void go_home() {
        find_locals();
        task_context::go_home();
        begin();
    }

    /// Ends a task that is away, with that error.
    void give_up(std::exception_ptr error) noexcept {
        this->outcome.set_error(std::move(error));
        end();
    }

    void cancel() noexcept override { send_cancel(); }
    void abandon() noexcept override { send_abandon(); }
    [[nodiscard]] bool awaited() const noexcept override { return future_state<T>::awaited(); }
    [[nodiscard]] bool missed_cancellation() const noexcept override { return has_missed_cancellation(); }

    [[nodiscard]] std::unique_ptr<exception_trail> take_trail() noexcept override { return task_context::take_trail(); }

    void identify(reported_operation& into) const override { identify_task(into); }
    void describe(task_report& into) const override {
        into.self = reported(*this);
        into.cancelled = asked_to_end();
        describe_wait(into);
    }

    void ended() noexcept override {
        this->outcome.take_over(coroutine().promise().outcome);
        end();
    }

protected:
    ~root() override { this->tell_if_unretrieved(where()); }

private:
    [[nodiscard]] task_handle<T> coroutine() const noexcept {
        return task_handle<T>::from_address(outermost().address());
    }
    void enter() noexcept {
        coroutine().promise().set_context(*this);
        resume(coroutine());
    }
    void start() noexcept override {
        if (!begin_wait()) enter();
    }
    void refuse() noexcept override { give_up(stopped_error()); }
    /// The outcome is in place.
    void end() noexcept {
        coroutine().destroy();
        close_to_cancellations();
        leave();
        if (!this->shared()) this->tell_if_unretrieved(where(), carried());
        this->complete();
        finish();
        this->release();
    }
    void keep() const noexcept override { this->add_ref(); }
    void drop() const noexcept override { this->release(); }
};

}  // namespace pyasync::detail
