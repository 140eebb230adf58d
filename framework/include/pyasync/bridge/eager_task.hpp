// framework/include/pyasync/bridge/eager_task.hpp: an asyncio.Task whose first step is taken at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/python_await.hpp>

namespace pyasync::detail {

/// Steps a coroutine as an asyncio.Task does, at once and without its cost, and makes a Task of it when somebody looks.
///
/// `asyncio.current_task()` is an object of a subclass of asyncio.Task that is not initialised yet, and
/// `asyncio.all_tasks()` knows it. It becomes a Task like any other, and the same object, as soon as anybody uses one
/// of its attributes, or the coroutine waits for anything but a Future of its loop: code that keeps its task (timeouts,
/// task groups, anyio's cancel scopes) sees one identity throughout. (Python 3.12 has eager tasks of its own; they are
/// initialised in any case, and 3.11 has none.)
class eager_task {
public:
    /// Takes the first step of `coroutine` (what `send` can be called on), in `context`, and tells `owner` of the end,
    /// now or later.
    static void start(python_await& owner, py::python py, const py::bound& coroutine, PyObject* context);

    /// The next step, after a turn of asyncio's, or when the Future that it waited for is done.
    static void continue_step(py::python py, py::bound task, PyObject* waited_for) noexcept;

    /// `future` is done: the next step of `task`, where that is what it still waits for.
    static void woken(py::bound task, PyObject* future) noexcept;

    /// Makes it a Task like any other now, which `asyncio.all_tasks()` knows; no effect on one that is one already.
    static void make_known(py::python py, PyObject* task);

    /// The owner no longer wants to know how `task` ends; no effect on a task of another kind.
    static void forget(PyObject* task) noexcept;

    /// The coroutine of `task`, a new reference, be it made by us or by the loop; null where there is none.
    [[nodiscard]] static PyObject* coroutine_of(PyObject* task) noexcept;

    /// The Future that `task` waits for, a new reference; null where it waits for none. Does not make it known.
    [[nodiscard]] static PyObject* awaited_by(PyObject* task) noexcept;

    /// Has nobody looked at it yet, so that a look would change it?
    [[nodiscard]] static bool is_unknown(PyObject* task) noexcept;

    /// Its loop is closed: nobody has to hear that it never ends.
    static void keep_quiet(PyObject* task) noexcept;

    /// Called by the coroutine's stand-in, when the coroutine has ended in a later step. The object that held the owner
    /// forgets it first.
    static void returned(python_await& owner, py::python py, const py::bound& value) noexcept;
    static void raised(python_await& owner, py::python py, std::exception_ptr error) noexcept;

private:
    static void step(python_await& owner, py::python py, py::bound task, PyObject* waited_for);
    static void waits(python_await& owner, const py::bound& task, const py::bound& waits_for);
    static void appear_to_who_kept_it(const python_await& owner, const py::bound& task) noexcept;
    static void returns(python_await& owner, py::bound task, const py::bound& value);
    static void raises(python_await& owner, py::python py, py::bound task);
    static void leave_to_task(const py::bound& task, PySendResult how, PyObject* result) noexcept;
    [[nodiscard]] static bool await_future(const py::bound& task, const py::bound& future);
    static PyObject* wake_up(PyObject* task, PyObject* future) noexcept;
};

}  // namespace pyasync::detail
