// framework/src/bridge/stand_in.cpp: the stand-in's Python type.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/stand_in.hpp>

#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/eager_task.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

void mark(PyObject* future) noexcept {
    const py::python py = py::detail::token_maker::make();
    if (PyObject_SetAttr(future, asyncio_api::get(py).blocking_name, Py_True) < 0) PyErr_Clear();
}

/// Has the coroutine ended in a step that the Task does not know of? Then that is what the Task's step comes to.
bool has_ended(stand_in& self, PySendResult& how, PyObject** result) noexcept {
    if (self.value != nullptr) {
        *result = std::exchange(self.value, nullptr);
        how = PYGEN_RETURN;
        return true;
    }
    if (self.exception == nullptr) return false;
    py::detail::raise_object(self.exception);
    py::detail::clear(self.exception);
    how = PYGEN_ERROR;
    return true;
}

/// The outcome of a step: told to the owner where it is the end.
PySendResult conclude(stand_in& self, PySendResult how, PyObject* result) noexcept {
    if (how == PYGEN_NEXT || self.owner == nullptr) return how;
    const py::python py = py::detail::token_maker::make();
    python_await& owner = *std::exchange(self.owner, nullptr);
    if (how == PYGEN_RETURN) {
        eager_task::returned(owner, py, py::bound::borrow(py, result));
        return how;
    }
    // Both sides get the exception: the Task raises it again, the owner has its own reference.
    const py::python_error error = py::python_error::fetch(py);
    const py::bound value = error.value().bind(py);
    py::detail::set_raised(value);
    eager_task::raised(owner, py, take_raised(py));
    py::detail::set_raised(value);
    return how;
}

PySendResult stand_in_send(PyObject* self, PyObject* argument, PyObject** result) noexcept {
    stand_in& me = stand_in::of(self);
    *result = nullptr;
    if (me.waits_for != nullptr) {
        *result = std::exchange(me.waits_for, nullptr);
        if (me.marked) mark(*result);
        return PYGEN_NEXT;
    }
    PySendResult how = PYGEN_ERROR;
    if (has_ended(me, how, result)) return how;
    how = py::detail::into_python([&] { return PyIter_Send(me.coroutine, argument, result); });
    return conclude(me, how, *result);
}

/// What the cancellation says that is thrown; null where it says nothing.
PyObject* message_in(PyObject* arguments) noexcept {
    PyObject* const exception =
        exception_to_throw(reinterpret_cast<PyTupleObject*>(arguments)->ob_item, PyTuple_GET_SIZE(arguments));
    PyObject* const said = exception == nullptr ? nullptr : PyObject_GetAttrString(exception, "args");
    PyObject* const message = said != nullptr && PyTuple_Check(said) && PyTuple_GET_SIZE(said) > 0
                                  ? Py_NewRef(PyTuple_GET_ITEM(said, 0))
                                  : nullptr;
    PyErr_Clear();
    py::detail::let_go(said);
    py::detail::let_go(exception);
    return message;
}

PyObject* stand_in_throw(PyObject* self, PyObject* arguments) noexcept {
    stand_in& me = stand_in::of(self);
    if (me.waits_for != nullptr) {
        // The Task never waited for it, so nobody else cancels it.
        PyObject* const message = message_in(arguments);
        PyObject* const answer = py::detail::into_python(
            [&] { return PyObject_CallMethod(me.waits_for, "cancel", message == nullptr ? nullptr : "(O)", message); });
        py::detail::let_go(message);
        if (answer == nullptr) PyErr_Clear();
        const bool unwinds = answer == Py_True;
        py::detail::let_go(answer);
        if (unwinds) {
            // As in asyncio: the cancellation comes out of it when it has unwound.
            PyObject* const yielded = std::exchange(me.waits_for, nullptr);
            if (me.marked) mark(yielded);
            return yielded;
        }
        py::detail::clear(me.waits_for);
    }
    PyObject* result = nullptr;
    PySendResult how = PYGEN_ERROR;
    if (has_ended(me, how, &result)) return as_method_result(how, result);
    how = throw_into(py::detail::token_maker::make(), me.coroutine, arguments, &result);
    return as_method_result(conclude(me, how, result), result);
}

PyObject* stand_in_close(PyObject* self, PyObject*) noexcept {
    return py::detail::into_python([&] { return PyObject_CallMethod(stand_in::of(self).coroutine, "close", nullptr); });
}

/// `cr_frame`, `__name__` and the like are the coroutine's.
PyObject* stand_in_getattro(PyObject* self, PyObject* name) noexcept {
    PyObject* const own = PyObject_GenericGetAttr(self, name);
    if (own != nullptr || PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return own;
    PyErr_Clear();
    return PyObject_GetAttr(stand_in::of(self).coroutine, name);
}

PyObject* stand_in_repr(PyObject* self) noexcept { return PyObject_Repr(stand_in::of(self).coroutine); }

int stand_in_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    const stand_in& me = stand_in::of(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(me.coroutine);
    Py_VISIT(me.waits_for);
    Py_VISIT(me.value);
    Py_VISIT(me.exception);
    return 0;
}

int stand_in_clear(PyObject* self) noexcept {
    stand_in& me = stand_in::of(self);
    py::detail::clear(me.coroutine);
    py::detail::clear(me.waits_for);
    py::detail::clear(me.value);
    py::detail::clear(me.exception);
    return 0;
}

void stand_in_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    stand_in_clear(self);
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_stand_in_type() {
    static PyMethodDef methods[] = {{"send", &send_method<&stand_in_send>, METH_O, nullptr},
                                    {"throw", &stand_in_throw, METH_VARARGS, nullptr},
                                    {"close", &stand_in_close, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&stand_in_send)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&next_method<&stand_in_send>)},
                                  {Py_tp_getattro, reinterpret_cast<void*>(&stand_in_getattro)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&stand_in_repr)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&stand_in_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&stand_in_clear)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&stand_in_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.coroutine", sizeof(stand_in), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

py::bound stand_in::make(py::python py, PyObject* coroutine, python_await* owner) {
    static PyTypeObject* const type = make_stand_in_type();
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    stand_in& content = stand_in::of(made.ptr());
    content.coroutine = Py_NewRef(coroutine);
    content.owner = owner;
    return made;
}

void stand_in::waits(PyObject* future, bool was_marked) noexcept {
    marked = was_marked;
    waits_for = Py_NewRef(future);
}

bool unmark_yielded(py::python py, PyObject* future) noexcept {
    PyObject* const name = asyncio_api::get(py).blocking_name;
    PyObject* const before = PyObject_GetAttr(future, name);
    const bool was_marked = before == Py_True;
    py::detail::let_go(before);
    if (before == nullptr || (was_marked && PyObject_SetAttr(future, name, Py_False) < 0)) PyErr_Clear();
    return was_marked;
}

}  // namespace pyasync::detail
