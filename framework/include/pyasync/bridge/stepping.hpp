// framework/include/pyasync/bridge/stepping.hpp: what our Python objects that are stepped as coroutines share.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// `how` and `result` as a method returns them: a value that is yielded, or StopIteration, or what was raised. Takes
/// `result`.
[[nodiscard]] PyObject* as_method_result(PySendResult how, PyObject* result) noexcept;

/// `send` and `__next__` of a type, over its slot `am_send`.
template <sendfunc Send>
PyObject* send_method(PyObject* self, PyObject* value) noexcept {
    PyObject* result = nullptr;
    const PySendResult how = Send(self, value, &result);
    return as_method_result(how, result);
}
template <sendfunc Send>
PyObject* next_method(PyObject* self) noexcept {
    return send_method<Send>(self, Py_None);
}

/// The exception that `throw(type[, value[, traceback]])` means, as an instance, a new reference; null where Python has
/// raised.
[[nodiscard]] PyObject* exception_to_throw(PyObject* const* arguments, Py_ssize_t count) noexcept;

/// `coroutine.throw(*arguments)`, a tuple; as PyIter_Send otherwise.
[[nodiscard]] PySendResult throw_into(py::python py, PyObject* coroutine, PyObject* arguments,
                                      PyObject** result) noexcept;

/// The same for the exception that Python has set on this thread.
[[nodiscard]] PySendResult throw_raised(py::python py, PyObject* coroutine, PyObject** result) noexcept;

/// `coroutine.close()`, for one that nobody will step any more; what it raises then is unraisable. One that runs at
/// this moment, on another thread, is left to that.
void close_coroutine(PyObject* coroutine) noexcept;

}  // namespace pyasync::detail
