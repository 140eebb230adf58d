// framework/src/bridge/stream_driver.cpp: the Python type of the driver.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/stream_driver.hpp>

#include <pyasync/bridge/stepping.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// No part of Python's garbage collection: it owns nothing that Python could see.
struct stream_driver {
    PyObject_HEAD stream_source* source;
};

stream_source& source_of(PyObject* self) noexcept { return *reinterpret_cast<stream_driver*>(self)->source; }

PySendResult driver_send(PyObject* self, PyObject*, PyObject** result) noexcept {
    *result = nullptr;
    return source_of(self).send(py::detail::token_maker::make(), result);
}

PyObject* driver_throw(PyObject* self, PyObject* arguments) noexcept {
    PyObject* result = nullptr;
    const PySendResult how = source_of(self).throw_into(py::detail::token_maker::make(), arguments, &result);
    return as_method_result(how, result);
}

PyObject* driver_close(PyObject* self, PyObject*) noexcept {
    source_of(self).close();
    Py_RETURN_NONE;
}

/// What it awaits, as a coroutine's `cr_await`: who looks for the place that the iterator stands at finds it.
PyObject* driver_await(PyObject* self, void*) noexcept {
    PyObject* const step = source_of(self).step().ptr();
    return Py_NewRef(step == nullptr ? Py_None : step);
}

PyObject* driver_repr(PyObject* self) noexcept {
    PyObject* const iterator = source_of(self).iterator().ptr();
    if (iterator == nullptr) return PyUnicode_FromString("<pyasync.stream that has ended>");
    return PyUnicode_FromFormat("<pyasync.stream of %R>", iterator);
}

void driver_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    source_of(self).release();
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_driver_type() {
    static PyMethodDef methods[] = {{"send", &send_method<&driver_send>, METH_O, nullptr},
                                    {"throw", &driver_throw, METH_VARARGS, nullptr},
                                    {"close", &driver_close, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef attributes[] = {{"cr_await", &driver_await, nullptr, nullptr, nullptr},
                                       {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_getset, attributes},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&driver_send)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&next_method<&driver_send>)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&driver_repr)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&driver_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.stream", sizeof(stream_driver), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

py::bound make_stream_driver(py::python py, ref<stream_source> source) {
    static PyTypeObject* const type = make_driver_type();
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    reinterpret_cast<stream_driver*>(made.ptr())->source = source.leak();
    return made;
}

}  // namespace pyasync::detail
