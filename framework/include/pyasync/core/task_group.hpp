// framework/include/pyasync/core/task_group.hpp: task_group, to which tasks are added as they come up.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include <pyasync/core/children.hpp>
#include <pyasync/core/closure.hpp>

namespace pyasync {

/// What the body of `with_task_group` gets, and starts tasks in.
///
/// **Thread.** The home of the task that awaits the group, where all tasks of the group run. **Ownership.** It lives
/// until the last of them has ended: they may have it by reference, and add to it.
class task_group : protected detail::children {
public:
    /// Starts a task, or takes over a future, whatever can be awaited. Its value is dropped: what is to come of it, it
    /// puts somewhere itself. In a group that is ending for a failure or a cancellation, it is cancelled at once.
    /// Throws `misuse` on another thread than the group's.
    template <detail::context_awaitable Awaitable>
    void spawn(Awaitable&& awaitable, const std::source_location& where = std::source_location::current()) {
        using child = detail::child_of<detail::awaited_type<Awaitable>>;
        adopt(std::make_unique<child>(std::forward<Awaitable>(awaitable)), where);
    }

protected:
    task_group(detail::task_context& context, const std::source_location& where) noexcept : children(context, where) {}
    ~task_group() = default;

    /// Starts the group's own body.
    void begin_body(detail::child& body);
    /// Throws what the group has to throw, once it has ended.
    void finish_group();
    /// Destroys the failed tasks, while the body is still there.
    void drop_failed() noexcept;

private:
    void adopt(std::unique_ptr<detail::child> one, const std::source_location& where);
    void ended(detail::child& one, detail::ending how) noexcept final;
    [[nodiscard]] const char* name() const noexcept final { return "a task_group"; }

    detail::child* body_ = nullptr;
    bool body_has_value_ = false;
};

namespace detail {

template <typename Body>
class group_awaiter final : public task_group {
public:
    using value_type = awaited_type<std::invoke_result_t<Body&, task_group&>>;

    group_awaiter(Body body, task_context& context, const std::source_location& where)
        : task_group(context, where), make_(std::move(body)) {}
    group_awaiter(const group_awaiter&) = delete;
    group_awaiter& operator=(const group_awaiter&) = delete;
    ~group_awaiter() { drop_failed(); }

    using task_group::await_ready;
    using task_group::await_suspend;
    value_type await_resume() {
        finish_group();
        return static_cast<value_type>(body_->take());
    }

private:
    void start() override { begin_body(body_.emplace(make_(static_cast<task_group&>(*this)))); }

    Body make_;  // what it has captured is good until the group has ended
    std::optional<child_of<value_type>> body_;
};

template <typename Body>
class [[nodiscard("a group's body runs only when it is awaited")]] group_to_await {
public:
    explicit group_to_await(Body body) : body_(std::move(body)) {}

    [[nodiscard]] group_awaiter<Body> awaiter_in(task_context& context, const std::source_location& where) && {
        return group_awaiter<Body>(std::move(body_), context, where);
    }

private:
    Body body_;
};

}  // namespace detail

/// Awaits `body(group)`, a coroutine that may start tasks in the group; ends when it and all of those have ended, with
/// the value of `body`. It is what `async with asyncio.TaskGroup()` is in Python.
///
///     co_await pyasync::with_task_group([&](pyasync::task_group& group) -> pyasync::task<> {
///         while (auto job = co_await jobs.next()) group.spawn(work_on(std::move(*job)));
///     });
///
/// **Start.** The body runs on the awaiting task's context variables, what it spawns on copies.
/// **Thread.** All of them at the awaiting task's home, where it continues when the last one has ended.
/// **Cancellation.** Cancelling the awaiting task cancels the body and the tasks, once, waits until they have unwound,
/// and throws `cancelled`. A task that has been cancelled alone leaves the others as they are.
/// **Errors.** Where the body or a task fails, the others are cancelled and waited for. What one has failed with is
/// thrown then; where more than one has, an `exception_group` of these. A cancellation from outside that meets with a
/// failure is thrown by the next wait. **Ownership.** The awaiting expression owns `body`, and with it what it has
/// captured, until the group has ended.
template <typename Body>
    requires detail::context_awaitable<std::invoke_result_t<std::decay_t<Body>&, task_group&>>
[[nodiscard]] auto with_task_group(Body&& body) {
    detail::require_closure_survives_co_await<Body>();
    return detail::group_to_await<std::decay_t<Body>>(std::forward<Body>(body));
}

}  // namespace pyasync
