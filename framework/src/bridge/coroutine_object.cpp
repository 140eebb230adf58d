// framework/src/bridge/coroutine_object.cpp: the Python type of C++ coroutines that wait to be awaited.
// SPDX-License-Identifier: MIT
#include <cstddef>

#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

enum class stage : char { cold, running, waiting, over };

struct coroutine_object {
    PyObject_HEAD cold_task body;  ///< until it starts, or ends, where it has a say in that
    PyObject* name;
    PyObject* future;  ///< what it waits for, while it is under way
    PyObject* weak_references;
    stage at;
};

coroutine_object& as_coroutine(PyObject* self) noexcept { return *reinterpret_cast<coroutine_object*>(self); }

/// Ends it, wherever it is.
void end(coroutine_object& me) noexcept {
    const stage was_at = std::exchange(me.at, stage::over);
    py::detail::clear(me.future);
    if (was_at == stage::cold || (was_at == stage::waiting && me.body.has_finish())) me.body.destroy();
}

/// The Future has ended, and this is what `await` gives of it.
PySendResult conclude(coroutine_object& me, PySendResult how, PyObject** result) noexcept {
    if (how == PYGEN_ERROR) {
        const py::detail::set_aside raised;
        end(me);
        return how;
    }
    me.at = stage::over;
    py::detail::clear(me.future);
    if (!me.body.has_finish()) return how;
    py::detail::clear(*result);
    const py::python py = py::detail::token_maker::make();
    try {
        *result = me.body.finish(py).release();
        return PYGEN_RETURN;
    } catch (...) {
        py::detail::set_raised_from(py, std::current_exception());
        return PYGEN_ERROR;
    }
}

PySendResult raise_reused(const coroutine_object& me) noexcept {
    PyErr_SetString(PyExc_RuntimeError, me.at == stage::running ? "coroutine is being awaited already"
                                                                : "cannot reuse already awaited coroutine");
    return PYGEN_ERROR;
}

/// The first step.
PySendResult start(coroutine_object& me, PyObject** result) noexcept {
    const py::python py = py::detail::token_maker::make();
    me.at = stage::running;
    try {
        cold_task::progress made = me.body.start(py);
        if (made.ended) {
            me.at = stage::over;
            *result = made.value.release();
            return PYGEN_RETURN;
        }
        me.future = made.value.release();
        me.at = stage::waiting;
        return PyIter_Send(me.future, Py_None, result);
    } catch (...) {
        me.at = stage::over;
        py::detail::set_raised_from(py, std::current_exception());
        return PYGEN_ERROR;
    }
}

PySendResult coroutine_send(PyObject* self, PyObject* value, PyObject** result) noexcept {
    coroutine_object& me = as_coroutine(self);
    *result = nullptr;
    if (me.at == stage::running || me.at == stage::over) return raise_reused(me);
    if (me.at == stage::cold) {
        if (value == Py_None) return start(me, result);
        PyErr_SetString(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
        return PYGEN_ERROR;
    }
    const PySendResult how = PyIter_Send(me.future, value, result);
    return how == PYGEN_NEXT ? how : conclude(me, how, result);
}

/// As in an `async def`, the exception comes out at its `await`; what it waited for is not wanted any more.
PyObject* coroutine_throw(PyObject* self, PyObject* const* arguments, Py_ssize_t count) noexcept {
    PyObject* const exception = exception_to_throw(arguments, count);
    if (exception == nullptr) return nullptr;
    coroutine_object& me = as_coroutine(self);
    if (me.at == stage::running || me.at == stage::over) {
        raise_reused(me);
    } else {
        end(me);
        py::detail::raise_object(exception);
    }
    py::detail::let_go(exception);
    return nullptr;
}

PyObject* coroutine_close(PyObject* self, PyObject*) noexcept {
    coroutine_object& me = as_coroutine(self);
    if (me.at == stage::running) {
        PyErr_SetString(PyExc_ValueError, "coroutine already executing");
        return nullptr;
    }
    end(me);
    Py_RETURN_NONE;
}

PyObject* coroutine_repr(PyObject* self) noexcept {
    return PyUnicode_FromFormat("<coroutine object %U at %p>", as_coroutine(self).name, self);
}

PyObject* coroutine_name(PyObject* self, void*) noexcept { return Py_NewRef(as_coroutine(self).name); }
PyObject* coroutine_running(PyObject* self, void*) noexcept {
    return PyBool_FromLong(as_coroutine(self).at == stage::running);
}
PyObject* coroutine_await(PyObject* self, void*) noexcept {
    PyObject* const future = as_coroutine(self).future;
    return Py_NewRef(future == nullptr ? Py_None : future);
}
PyObject* coroutine_suspended(PyObject* self, void*) noexcept {
    return PyBool_FromLong(as_coroutine(self).at == stage::waiting);
}
/// A frame that says where the function has been given to Python: what inspect.getcoroutinestate() tells a coroutine
/// that is over by that it has none, and what Task.print_stack() shows.
PyObject* coroutine_frame(PyObject* self, void*) noexcept {
    const coroutine_object& me = as_coroutine(self);
    if (me.at == stage::over) Py_RETURN_NONE;
    const char* const name = PyUnicode_AsUTF8(me.name);
    return name == nullptr ? nullptr : reinterpret_cast<PyObject*>(py::detail::make_frame(me.body.where, name));
}
PyObject* coroutine_none(PyObject*, void*) noexcept { Py_RETURN_NONE; }

int coroutine_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(as_coroutine(self).future);
    return 0;
}

int coroutine_clear(PyObject* self) noexcept {
    py::detail::clear(as_coroutine(self).future);
    return 0;
}

void coroutine_finalize(PyObject* self) noexcept {
    coroutine_object& me = as_coroutine(self);
    if (me.at != stage::cold) return;
    const py::detail::set_aside under_way;
    if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%U' was never awaited", me.name) < 0) {
        PyErr_WriteUnraisable(self);
    }
}

void coroutine_dealloc(PyObject* self) noexcept {
    coroutine_object& me = as_coroutine(self);
    if (me.at == stage::cold && PyObject_CallFinalizerFromDealloc(self) < 0) return;
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (me.weak_references != nullptr) PyObject_ClearWeakRefs(self);
    end(me);
    py::detail::clear(me.name);
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_type() {
    static PyMethodDef methods[] = {
        {"send", &send_method<&coroutine_send>, METH_O, "Step the coroutine."},
        {"throw", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&coroutine_throw)), METH_FASTCALL,
         "Raise an exception where the coroutine waits."},
        {"close", &coroutine_close, METH_NOARGS, "End the coroutine, without starting it or by cancelling it."},
        {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef attributes[] = {{"__name__", &coroutine_name, nullptr, nullptr, nullptr},
                                       {"__qualname__", &coroutine_name, nullptr, nullptr, nullptr},
                                       {"cr_running", &coroutine_running, nullptr, nullptr, nullptr},
                                       {"cr_await", &coroutine_await, nullptr, nullptr, nullptr},
                                       {"cr_suspended", &coroutine_suspended, nullptr, nullptr, nullptr},
                                       {"cr_frame", &coroutine_frame, nullptr, nullptr, nullptr},
                                       {"cr_origin", &coroutine_none, nullptr, nullptr, nullptr},
                                       {"cr_code", &coroutine_none, nullptr, nullptr, nullptr},
                                       {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(coroutine_object, weak_references), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_members, members},
                                  {Py_tp_getset, attributes},
                                  {Py_tp_doc, const_cast<char*>("A C++ coroutine that Python awaits.")},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&coroutine_send)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&next_method<&coroutine_send>)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&coroutine_repr)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&coroutine_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&coroutine_clear)},
                                  {Py_tp_finalize, reinterpret_cast<void*>(&coroutine_finalize)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&coroutine_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.Coroutine", sizeof(coroutine_object), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

py::bound make_coroutine_object(py::python py, const cold_task& body, const py::object& name) {
    static PyTypeObject* const type = make_type();
    PyObject* const allocated = type == nullptr ? nullptr : type->tp_alloc(type, 0);
    if (allocated == nullptr) {
        cold_task(body).destroy();
        py::detail::throw_python_error(py);
    }
    py::bound made = py::bound::steal(py, allocated);
    coroutine_object& content = as_coroutine(made.ptr());
    content.name = Py_NewRef(name.ptr());
    content.body = body;
    content.at = stage::cold;
    return made;
}

locals_ref running_locals_or_none() {
    const py::python py = py::detail::token_maker::make();
    try {
        return running_locals(py).state();
    } catch (const py::python_error&) {
        return {};
    }
}

task_locals locals_of_running(py::python py, task_context& context) {
    if (!context.need_locals()) return running_locals(py);
    return task_locals(ref<task_locals_state>::share(static_cast<task_locals_state*>(context.locals().get())));
}

}  // namespace pyasync::detail
