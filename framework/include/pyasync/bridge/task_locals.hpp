// framework/include/pyasync/bridge/task_locals.hpp: the event loop and the context variables of a task.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync {

namespace detail {

/// What `task_locals` shares. The loop and its inbox are fixed; the context may be made late, under the GIL.
class task_locals_state final : public task_locals_base {
public:
    /// Without a context, the first use copies that of `parent`.
    task_locals_state(ref<asyncio_inbox> inbox, std::shared_ptr<const py::object> loop, py::object context,
                      ref<task_locals_state> parent = {}) noexcept;

    [[nodiscard]] asyncio_inbox& inbox() const noexcept { return *inbox_; }
    [[nodiscard]] PyObject* event_loop() const noexcept { return loop_->ptr(); }

    /// Under the GIL. A spawned task copies its parent's context when it first needs one.
    [[nodiscard]] PyObject* context(py::python py);

    void root_started() noexcept override { inbox_->root_started(); }
    void root_finished() noexcept override { inbox_->root_finished(); }
    [[nodiscard]] locals_ref for_child() override;
    using task_locals_base::make_common;
    /// The same loop, with another context.
    [[nodiscard]] ref<task_locals_state> with_context(py::object context) const;

private:
    ref<asyncio_inbox> inbox_;
    std::shared_ptr<const py::object> loop_;
    py::object context_;
    ref<task_locals_state> parent_;
};

/// The locals of the task that runs on this thread, or in whose name Python was called here; null where there is none.
[[nodiscard]] ref<task_locals_state> current_locals();

/// Those, else the locals of the application's `run`, while it runs; null where there is none.
[[nodiscard]] ref<task_locals_state> current_or_default_locals();

/// The locals for Python work that starts here under the GIL: the current task's, else this thread's running loop with
/// a copy of the current context, else the application's; null where there is none.
[[nodiscard]] ref<task_locals_state> locals_here(py::python py);

/// Names the task in whose name this thread now calls Python.
class acting_for {
public:
    explicit acting_for(ref<task_locals_state> locals) noexcept;
    /// A task with the loop of `parent` and a context of its own; its locals are made when they are asked for.
    acting_for(ref<task_locals_state> parent, const py::bound& context) noexcept;
    acting_for(const acting_for&) = delete;
    acting_for& operator=(const acting_for&) = delete;
    ~acting_for();

    [[nodiscard]] const ref<task_locals_state>& locals();

private:
    ref<task_locals_state> locals_;
    py::object context_;
    acting_for* outer_;
};

/// Sets the locals of whoever has none of his own, those of the application's `run`, and returns the ones before.
ref<task_locals_state> exchange_default_locals(ref<task_locals_state> locals) noexcept;

/// Throws `std::runtime_error`: there is no event loop, and what to do.
[[noreturn]] void no_event_loop();

}  // namespace detail

/// An event loop and a `contextvars.Context`: what Python code needs to run in a task's name.
///
///     auto locals = pyasync::task_locals::with_running_loop(py).copy_context(py);
///
/// They follow a C++ task across every `co_await` and onto every thread: Python code that it calls sees its context
/// variables, and what such code sets is seen by what the task calls after it. A spawned task works on a copy.
/// **Thread.** Made under the GIL; copied and destroyed on any thread. **Ownership.** Shares the loop and the context.
class task_locals {
public:
    /// The loop that runs on this thread, with an empty context. Throws Python's `RuntimeError: no running event loop`.
    [[nodiscard]] static task_locals with_running_loop(py::python py);

    /// The given loop, with an empty context. Throws a `RuntimeError` where it is closed.
    [[nodiscard]] static task_locals with_loop(const py::bound& event_loop);

    /// The same loop, with a copy of the context that Python is in now.
    [[nodiscard]] task_locals copy_context(py::python py) const;

    /// The same loop, with that `contextvars.Context`; a `TypeError` for anything else.
    [[nodiscard]] task_locals with_context(const py::bound& context) const;

    [[nodiscard]] py::bound event_loop(py::python py) const;
    [[nodiscard]] py::bound context(py::python py) const;

    /// For the bridge.
    explicit task_locals(detail::ref<detail::task_locals_state> state) noexcept : state_(std::move(state)) {}
    [[nodiscard]] const detail::ref<detail::task_locals_state>& state() const noexcept { return state_; }

private:
    detail::ref<detail::task_locals_state> state_;
};

namespace detail {

/// `task_locals::with_running_loop(py).copy_context(py)`, by the shortest way.
[[nodiscard]] task_locals running_locals(py::python py);

/// The locals of something that is under way, which may be common to many. Under the GIL.
class locals_in_use {
public:
    explicit locals_in_use(ref<task_locals_state> locals) noexcept;
    locals_in_use(locals_in_use&&) noexcept = default;
    locals_in_use& operator=(locals_in_use&&) = delete;
    ~locals_in_use() { end(); }

    void end() noexcept;
    [[nodiscard]] const ref<task_locals_state>& state() const noexcept { return locals_; }

private:
    ref<task_locals_state> locals_;
};

/// Those of `running_locals` for a task that may never look at them: common to all that start in one context, while any
/// of them is under way. Nobody enters their context; who needs one gets a copy, by `for_child`.
[[nodiscard]] locals_in_use common_locals(py::python py);

/// The context of the common locals, borrowed, where it is a copy of the one that Python is in now; else null.
[[nodiscard]] PyObject* common_context(py::python py) noexcept;

}  // namespace detail

/// The locals of the C++ task in whose name this code runs, else the running loop with a copy of the current context,
/// else the application's. Throws `RuntimeError: no running event loop` where there is none.
[[nodiscard]] task_locals get_current_locals(py::python py);

/// The event loop of `get_current_locals`.
[[nodiscard]] py::bound get_current_loop(py::python py);

/// `asyncio.get_running_loop()`: the loop that runs on this very thread, else a RuntimeError.
[[nodiscard]] py::bound get_running_loop(py::python py);

namespace detail {

/// Runs a task as a root of its own with other locals, on the same home, for as long as somebody awaits it.
template <typename T>
struct scoped_task {
    task_locals locals;
    task<T> body;

    [[nodiscard]] future_awaiter<T> awaiter_in(task_context& context, const std::source_location& where) && {
        return {root<T>::launch(std::move(body), context.home(), locals.state(), where), context, where};
    }
};

}  // namespace detail

/// `co_await scope(locals, task)`: runs the task with other locals than the awaiting one's.
template <typename T>
[[nodiscard]] detail::scoped_task<T> scope(task_locals locals, task<T> body) {
    return {std::move(locals), std::move(body)};
}

}  // namespace pyasync
