// framework/include/pyasync/core/event.hpp: event, something that tasks wait for to have happened.
// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <source_location>
#include <utility>

#include <pyasync/core/line_wait.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/waiting_line.hpp>

namespace pyasync {

namespace detail {

struct event_state final : ref_counted {
    explicit event_state(bool is_set) noexcept : set(is_set) {}

    std::mutex lock;
    waiting_line line;
    bool set;

private:
    ~event_state() override = default;
};

class event_awaiter final : public line_wait {
public:
    event_awaiter(ref<event_state> state, task_context& context, const std::source_location& where) noexcept
        : line_wait(state->lock, state->line, context, where), state_(std::move(state)) {}

    void await_resume() {
        conclude();
        if (turned_away()) {
            fail(std::make_exception_ptr(misuse(
                "pyasync: an event was destroyed while a task waited for it; keep it for as long as the task runs")));
        }
    }

private:
    [[nodiscard]] bool take(serving&) override { return state_->set; }
    void describe(task_report& into) const override { into.waits_for = "an event"; }

    ref<event_state> state_;
};

class [[nodiscard]] event_operation {
public:
    using value_type = void;

    explicit event_operation(ref<event_state> state) noexcept : state_(std::move(state)) {}
    [[nodiscard]] event_awaiter awaiter_in(task_context& context, const std::source_location& where) && noexcept {
        return event_awaiter(std::move(state_), context, where);
    }

private:
    ref<event_state> state_;
};

}  // namespace detail

/// A flag that any number of tasks wait for, at home on any loop; what `asyncio.Event` is to Python.
///
///     pyasync::event ready;
///     auto server = pyasync::spawn(serve(ready));     // task<> serve(pyasync::event& ready), which sets it
///     co_await ready.wait();
///
/// **Thread.** Any; who waits continues at his home. **Cancellation.** Ends the wait; where the event has just been
/// set, the wait ends as if nothing had been, and the next one throws. **Errors.** `misuse` in those who still wait when
/// it is destroyed. **Ownership.** Belongs to who made it, and does not move.
class event {
public:
    explicit event(bool set = false) : state_(detail::make_ref<detail::event_state>(set)) {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() {
        detail::serving now(state_->lock);
        now.turn_all_away(state_->line);
    }

    /// Wakes all who wait, also where it is cleared at once.
    void set() noexcept {
        detail::serving now(state_->lock);
        state_->set = true;
        while (!state_->line.empty()) now.serve_first(state_->line);
    }
    void clear() noexcept {
        const std::lock_guard lock(state_->lock);
        state_->set = false;
    }
    [[nodiscard]] bool is_set() const noexcept {
        const std::lock_guard lock(state_->lock);
        return state_->set;
    }

    /// `co_await event.wait()`: until it is set; not at all where it is.
    [[nodiscard]] detail::event_operation wait() const { return detail::event_operation(state_); }

private:
    detail::ref<detail::event_state> state_;
};

}  // namespace pyasync
