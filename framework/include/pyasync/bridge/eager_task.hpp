// framework/include/pyasync/bridge/eager_task.hpp: an asyncio.Task whose first step is taken at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/python_await.hpp>

namespace pyasync::detail {

/// Runs a coroutine up to its first wait without an asyncio.Task around it, and makes it one only then.
///
/// During the first step `asyncio.current_task()` is an object of a subclass of asyncio.Task that is not initialised
/// yet. It becomes a Task like any other, and the same object, as soon as the coroutine waits or anybody uses one of
/// its attributes: code that keeps its task (timeouts, task groups, anyio's cancel scopes) sees one identity
/// throughout. (Python 3.12 has eager tasks of its own; they are initialised in any case, and 3.11 has none.)
class eager_task {
public:
    /// Takes the first step of `coroutine` (what `send` can be called on), in `context`, and tells `owner` of the end,
    /// now or later.
    static void start(python_await& owner, py::python py, const py::bound& coroutine, PyObject* context);

    /// The owner no longer wants to know how `task` ends; no effect on a task of another kind.
    static void forget(PyObject* task) noexcept;

    /// Called by the coroutine's stand-in, when the coroutine has ended in a later step. The object that held the owner
    /// forgets it first.
    static void returned(python_await& owner, py::python py, const py::bound& value) noexcept;
    static void raised(python_await& owner, py::python py, std::exception_ptr error) noexcept;
};

}  // namespace pyasync::detail
