// framework/include/pyasync/bridge/stand_in.hpp: what a Task steps in place of a coroutine that has begun without it.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/python_await.hpp>

namespace pyasync::detail {

/// A Python object: the coroutine with what it has already given, a value it waits for or its end. Under the GIL.
struct stand_in {
    PyObject_HEAD PyObject* coroutine;  ///< what it stands for
    PyObject* waits_for;                ///< what it has yielded, and the Task has not seen yet; or null
    PyObject* value;                    ///< where the coroutine has ended before the Task's first step: its value,
    PyObject* exception;                ///< or its exception
    python_await* owner;                ///< who wants to know the end; null once it is known
    bool marked;                        ///< was `waits_for` marked as awaited?

    [[nodiscard]] static py::bound make(py::python py, PyObject* coroutine, python_await* owner);
    [[nodiscard]] static stand_in& of(PyObject* object) noexcept { return *reinterpret_cast<stand_in*>(object); }

    /// The next step yields it to the Task. `was_marked`: see `unmark_yielded`.
    void waits(PyObject* future, bool was_marked) noexcept;
};

/// A Future that is yielded is marked, until a Task has seen it. As long as no Task has, it must not be: whoever steps
/// the coroutine meanwhile (it is awaited twice) would break the Future's wait, as nobody can in asyncio. Returns
/// whether it was marked: what is no Future, or was yielded without `await`, is for a Task to complain of.
[[nodiscard]] bool unmark_yielded(py::python py, PyObject* future) noexcept;

}  // namespace pyasync::detail
