// framework/include/pyasync/core/root.hpp: a task that runs by itself, on an executor.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <source_location>
#include <utility>

#include <pyasync/core/future.hpp>
#include <pyasync/core/task.hpp>

namespace pyasync::detail {

/// The error of what is started after the libuv loops have stopped.
[[nodiscard]] std::exception_ptr stopped_error() noexcept;

/// The part of a root task that does not depend on its result: its context, its start, its cancellation. It lives until
/// it has ended and nobody holds its future any more.
class root_base : public in_flight {
public:
    [[nodiscard]] task_context& context() noexcept { return context_; }
    [[nodiscard]] const task_locals_base* carried() const noexcept override { return context_.locals().get(); }
    void abandon_here() noexcept override {
        if (!abandoned_.exchange(true, std::memory_order_relaxed)) context_.cancel();
    }

    /// Its outermost coroutine has ended.
    virtual void ended() noexcept = 0;

protected:
    root_base(executor& home, locals_ref locals, const std::source_location& where) noexcept
        : in_flight(where), context_(home, std::move(locals)) {}
    ~root_base() = default;

    void begin() noexcept;
    /// Leaves the list, before the waiter hears of the end.
    void leave() noexcept;
    /// Gives up the locals, after that.
    void finish() noexcept;
    void post_cancel() noexcept;
    void post_abandon() noexcept {
        if (!abandoned_.exchange(true, std::memory_order_relaxed)) post_cancel();
    }

    virtual void start() noexcept = 0;
    virtual void refuse() noexcept = 0;
    virtual void keep() const noexcept = 0;
    virtual void drop() const noexcept = 0;

private:
    struct start_message final : work {
        explicit start_message(root_base& owner) noexcept : work(&deliver), root(owner) {}
        static void deliver(work& self, delivery how) noexcept;
        root_base& root;
    };
    struct cancel_message final : work {
        explicit cancel_message(root_base& owner) noexcept : work(&deliver), root(owner) {}
        static void deliver(work& self, delivery how) noexcept;
        root_base& root;
        std::atomic<bool> posted{false};
    };

    task_context context_;
    start_message start_{*this};
    cancel_message cancel_{*this};
    std::atomic<bool> abandoned_{false};
};

template <typename T>
class root final : public future_state<T>, public root_base {
public:
    root(task<T> body, executor& home, locals_ref locals, const std::source_location& where) noexcept
        : root_base(home, std::move(locals), where), coroutine_(body.release()) {}

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
        made->context().begin_away(locals);
        made->enter();
        return made;
    }

    /// From now on it is a task like any other, at home. Throws what making its locals throws, before anything else.
    void go_home() {
        static_cast<void>(context().need_locals());
        context().go_home();
        begin();
    }

    /// Ends a task that is away, with that error.
    void give_up(std::exception_ptr error) noexcept {
        this->outcome.set_error(std::move(error));
        end_unfinished();
    }

    void cancel() noexcept override {
        asked_.store(true, std::memory_order_relaxed);
        post_cancel();
    }
    /// Where it has been cancelled before, it may be cleaning up; the end of the program asks once more.
    void abandon() noexcept override {
        if (!asked_.load(std::memory_order_relaxed)) post_abandon();
    }
    [[nodiscard]] bool awaited() const noexcept override { return future_state<T>::awaited(); }

    [[nodiscard]] std::unique_ptr<exception_trail> take_trail() noexcept override { return context().take_trail(); }

    void ended() noexcept override {
        this->outcome.take_over(coroutine_.promise().outcome);
        std::exchange(coroutine_, nullptr).destroy();
        leave();
        this->complete();
        finish();
        this->release();
    }

private:
    ~root() override = default;

    void enter() noexcept {
        coroutine_.promise().set_context(context());
        coroutine_.promise().set_root(*this);
        context().resume(coroutine_);
    }
    void start() noexcept override {
        if (!context().begin_wait()) enter();
    }
    void refuse() noexcept override { give_up(stopped_error()); }
    void end_unfinished() noexcept {
        std::exchange(coroutine_, nullptr).destroy();
        leave();
        this->complete();
        finish();
        this->release();
    }
    void keep() const noexcept override { this->add_ref(); }
    void drop() const noexcept override { this->release(); }

    task_handle<T> coroutine_;
    std::atomic<bool> asked_{false};
};

}  // namespace pyasync::detail
