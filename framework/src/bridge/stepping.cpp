// framework/src/bridge/stepping.cpp: between the slots of CPython and the methods of coroutines.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/stepping.hpp>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// What a call of `throw` has ended with.
PySendResult outcome_of_throw(py::python py, PyObject* yielded, PyObject** result) noexcept {
    *result = yielded;
    if (yielded != nullptr) return PYGEN_NEXT;
    if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) return PYGEN_ERROR;
    const py::python_error stop = py::python_error::fetch(py);
    *result = Py_NewRef(reinterpret_cast<PyStopIterationObject*>(stop.value().ptr())->value);
    return PYGEN_RETURN;
}

}  // namespace

PyObject* as_method_result(PySendResult how, PyObject* result) noexcept {
    if (how != PYGEN_RETURN) return result;
    PyObject* const stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    py::detail::let_go(result);
    if (stop != nullptr) py::detail::raise_object(stop);
    py::detail::let_go(stop);
    return nullptr;
}

PyObject* exception_to_throw(PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count < 1 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "throw expected 1 to 3 arguments");
        return nullptr;
    }
    if (PyExceptionInstance_Check(arguments[0])) return Py_NewRef(arguments[0]);
    if (!PyExceptionClass_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
        return nullptr;
    }
    if (count == 1 || arguments[1] == Py_None) return PyObject_CallNoArgs(arguments[0]);
    if (PyObject_IsInstance(arguments[1], arguments[0]) == 1) return Py_NewRef(arguments[1]);
    return PyObject_CallOneArg(arguments[0], arguments[1]);
}

PySendResult throw_into(py::python py, PyObject* coroutine, PyObject* arguments, PyObject** result) noexcept {
    *result = nullptr;
    PyObject* const method = PyObject_GetAttr(coroutine, asyncio_api::get(py).throw_name);
    if (method == nullptr) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return PYGEN_ERROR;
        // A plain iterator, which an `__await__` may give: as with Python's own `await`, it does not hear of it.
        PyErr_Clear();
        PyObject* const exception =
            exception_to_throw(reinterpret_cast<PyTupleObject*>(arguments)->ob_item, PyTuple_GET_SIZE(arguments));
        if (exception != nullptr) py::detail::raise_object(exception);
        py::detail::let_go(exception);
        return PYGEN_ERROR;
    }
    PyObject* const yielded = py::detail::into_python([&] { return PyObject_CallObject(method, arguments); });
    py::detail::let_go(method);
    return outcome_of_throw(py, yielded, result);
}

PySendResult throw_raised(py::python py, PyObject* coroutine, PyObject** result) noexcept {
    const py::python_error error = py::python_error::fetch(py);
    PyObject* const arguments = PyTuple_Pack(1, error.value().ptr());
    *result = nullptr;
    if (arguments == nullptr) return PYGEN_ERROR;
    const PySendResult how = throw_into(py, coroutine, arguments, result);
    py::detail::let_go(arguments);
    return how;
}

void close_coroutine(PyObject* coroutine) noexcept {
    const py::detail::set_aside under_way;
    PyObject* const running = PyObject_GetAttrString(coroutine, "cr_running");
    PyErr_Clear();  // it is no coroutine, but what the `__await__` of something has returned
    py::detail::let_go(running);
    if (running == Py_True) return;
    PyObject* const closed = py::detail::into_python([&] { return PyObject_CallMethod(coroutine, "close", nullptr); });
    if (closed == nullptr && PyErr_ExceptionMatches(PyExc_AttributeError) == 0) PyErr_WriteUnraisable(coroutine);
    PyErr_Clear();
    py::detail::let_go(closed);
}

}  // namespace pyasync::detail
