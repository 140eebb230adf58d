// framework/src/bridge/python_future.cpp: the Python type that asyncio takes for a Future, over a C++ operation.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/python_future.hpp>

#include <cstddef>
#include <new>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/python_future_object.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

// ---- The methods of asyncio.Future. ----

PyObject* raise_invalid_state(const char* message) noexcept {
    PyErr_SetString(asyncio_api::get(py::detail::token_maker::make()).invalid_state_error, message);
    return nullptr;
}

/// What C++ has ended with; every raise starts from the traceback that it came with.
PyObject* thrown_by_cpp(const python_future& me) noexcept {
    PyException_SetTraceback(me.outcome, me.traceback == nullptr ? Py_None : me.traceback);
    return me.outcome;
}

PyObject* make_cancelled_error(PyObject* self, PyObject*) noexcept {
    const python_future& me = as_future(self);
    if (me.state == progress::cancelled && me.outcome != nullptr) return Py_NewRef(thrown_by_cpp(me));
    PyObject* const type = asyncio_api::get(py::detail::token_maker::make()).cancelled_error;
    PyObject* const message = me.cancel_message;
    return message == nullptr ? PyObject_CallNoArgs(type) : PyObject_CallOneArg(type, message);
}

PyObject* raise_cancelled(PyObject* self) noexcept {
    PyObject* const error = make_cancelled_error(self, nullptr);
    if (error == nullptr) return nullptr;
    py::detail::raise_object(error);
    py::detail::let_go(error);
    return nullptr;
}

PyObject* future_result(PyObject* self, PyObject*) noexcept {
    python_future& me = as_future(self);
    if (me.state == progress::pending) return raise_invalid_state("Result is not ready.");
    if (me.state == progress::cancelled) return raise_cancelled(self);
    me.unretrieved = 0;
    if (me.state == progress::finished) return Py_NewRef(me.outcome);
    return py::detail::raise_object(thrown_by_cpp(me));
}

PyObject* future_exception(PyObject* self, PyObject*) noexcept {
    python_future& me = as_future(self);
    if (me.state == progress::pending) return raise_invalid_state("Exception is not set.");
    if (me.state == progress::cancelled) return raise_cancelled(self);
    me.unretrieved = 0;
    return Py_NewRef(me.state == progress::failed ? me.outcome : Py_None);
}

PyObject* future_done(PyObject* self, PyObject*) noexcept {
    return PyBool_FromLong(as_future(self).state != progress::pending);
}

PyObject* future_cancelled(PyObject* self, PyObject*) noexcept {
    return PyBool_FromLong(as_future(self).state == progress::cancelled);
}

PyObject* future_get_loop(PyObject* self, PyObject*) noexcept { return Py_NewRef(as_future(self).loop); }

PyObject* future_cancel(PyObject* self, PyObject* arguments, PyObject* keywords) noexcept {
    static const char* names[] = {"msg", nullptr};
    PyObject* message = nullptr;
    if (PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:cancel", const_cast<char**>(names), &message) == 0) {
        return nullptr;
    }
    python_future& me = as_future(self);
    me.unretrieved = 0;
    if (me.state != progress::pending) Py_RETURN_FALSE;
    py::detail::replace(me.cancel_message, message == nullptr || message == Py_None ? nullptr : Py_NewRef(message));
    me.cancel_asked = 1;
    me.link.cancel();
    Py_RETURN_TRUE;
}

PyObject* future_add_done_callback(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                                   PyObject* keywords) noexcept {
    const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
    if (count != 1 || named > 1 ||
        (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "context") != 0)) {
        PyErr_SetString(PyExc_TypeError, "add_done_callback() takes one callback, and context=...");
        return nullptr;
    }
    PyObject* const callback = arguments[0];
    PyObject* const given = named == 1 && arguments[1] != Py_None ? arguments[1] : nullptr;
    python_future& me = as_future(self);
    const bool is_first = me.callback == nullptr && me.more_callbacks == nullptr;
    if (is_first && given == nullptr && me.state == progress::pending) {
        if (PyObject* const common = common_context(py::detail::token_maker::make())) {
            me.callback = Py_NewRef(callback);
            me.context = Py_NewRef(common);
            me.context_is_common = true;
            Py_RETURN_NONE;
        }
    }
    PyObject* const context = given == nullptr ? PyContext_CopyCurrent() : Py_NewRef(given);
    if (context == nullptr) return nullptr;
    if (me.state != progress::pending) {
        try {
            call_soon(self, callback, context);
            py::detail::let_go(context);
            Py_RETURN_NONE;
        } catch (const py::python_error& error) {
            py::detail::let_go(context);
            return py::detail::raise_object(error.value().ptr());
        }
    }
    if (is_first) {
        me.callback = Py_NewRef(callback);
        me.context = context;
        me.context_is_common = false;
        Py_RETURN_NONE;
    }
    if (me.more_callbacks == nullptr) me.more_callbacks = PyList_New(0);
    PyObject* const entry = me.more_callbacks == nullptr ? nullptr : PyTuple_Pack(2, callback, context);
    py::detail::let_go(context);
    const bool added = entry != nullptr && PyList_Append(me.more_callbacks, entry) == 0;
    py::detail::let_go(entry);
    return added ? Py_NewRef(Py_None) : nullptr;
}

/// What `__eq__` says; it may do anything, so `one` is kept meanwhile.
int equals(PyObject* one, PyObject* callback) noexcept {
    PyObject* const kept = Py_NewRef(one);
    const int equal = PyObject_RichCompareBool(kept, callback, Py_EQ);
    py::detail::let_go(kept);
    return equal;
}

PyObject* future_remove_done_callback(PyObject* self, PyObject* callback) noexcept {
    python_future& me = as_future(self);
    long removed = 0;
    if (PyObject* const first = me.callback) {
        const int equal = equals(first, callback);
        if (equal < 0) return nullptr;
        if (equal == 1 && me.callback == first) {
            py::detail::clear(me.callback);
            py::detail::clear(me.context);
            ++removed;
        }
    }
    const auto entry_at = [&me](Py_ssize_t i) {
        const bool there = me.more_callbacks != nullptr && i < PyList_GET_SIZE(me.more_callbacks);
        return there ? PyList_GET_ITEM(me.more_callbacks, i) : nullptr;
    };
    for (Py_ssize_t i = me.more_callbacks == nullptr ? 0 : PyList_GET_SIZE(me.more_callbacks); i-- > 0;) {
        PyObject* const entry = Py_XNewRef(entry_at(i));
        if (entry == nullptr) continue;
        const int equal = equals(PyTuple_GET_ITEM(entry, 0), callback);
        const bool still_there = entry_at(i) == entry;
        py::detail::let_go(entry);
        if (equal < 0) return nullptr;
        if (equal == 0 || !still_there) continue;
        if (PyList_SetSlice(me.more_callbacks, i, i + 1, nullptr) < 0) return nullptr;
        ++removed;
    }
    return PyLong_FromLong(removed);
}

PyObject* future_repr(PyObject* self) noexcept {
    const python_future& me = as_future(self);
    if (me.state == progress::pending) return PyUnicode_FromString("<pyasync.Future pending>");
    if (me.state == progress::cancelled) return PyUnicode_FromString("<pyasync.Future cancelled>");
    return PyUnicode_FromFormat(
        me.state == progress::failed ? "<pyasync.Future finished exception=%R>" : "<pyasync.Future finished result=%R>",
        me.outcome);
}

int future_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    const python_future& me = as_future(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(me.loop);
    Py_VISIT(me.outcome);
    Py_VISIT(me.traceback);
    Py_VISIT(me.cancel_message);
    Py_VISIT(me.callback);
    Py_VISIT(me.context);
    Py_VISIT(me.more_callbacks);
    return 0;
}

int future_clear(PyObject* self) noexcept {
    python_future& me = as_future(self);
    py::detail::clear(me.loop);
    py::detail::clear(me.outcome);
    py::detail::clear(me.traceback);
    py::detail::clear(me.cancel_message);
    py::detail::clear(me.callback);
    py::detail::clear(me.context);
    py::detail::clear(me.more_callbacks);
    return 0;
}

void future_finalize(PyObject* self) noexcept {
    python_future& me = as_future(self);
    if (me.state == progress::pending) me.state = progress::cancelled;
    me.link.abandon();
    if (me.unretrieved == 0 || me.loop == nullptr) return;
    me.unretrieved = 0;
    const py::detail::set_aside under_way;
    py::detail::raise_object(me.outcome);
    report_unhandled(py::detail::token_maker::make(), me.loop, "pyasync.Future exception was never retrieved");
}

void future_dealloc(PyObject* self) noexcept {
    if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
    python_future& me = as_future(self);
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (me.weak_references != nullptr) PyObject_ClearWeakRefs(self);
    me.link.~operation_link();
    future_clear(self);
    type->tp_free(self);
    py::detail::let_go(type);
}

// ---- What `await` steps: the Future itself, which has no state of its own for that. ----

PySendResult future_send(PyObject* self, PyObject*, PyObject** result) noexcept {
    python_future& me = as_future(self);
    *result = nullptr;
    if (me.state != progress::pending) {
        *result = future_result(self, nullptr);
        return *result == nullptr ? PYGEN_ERROR : PYGEN_RETURN;
    }
    if (me.blocking != 0) {
        PyErr_SetString(PyExc_RuntimeError, "await wasn't used with future");
        return PYGEN_ERROR;
    }
    me.blocking = 1;
    *result = Py_NewRef(self);
    return PYGEN_NEXT;
}

PyTypeObject* make_future_type() {
    static PyMethodDef methods[] = {
        {"result", &future_result, METH_NOARGS, "The result, or raise the exception."},
        {"exception", &future_exception, METH_NOARGS, "The exception, or None."},
        {"done", &future_done, METH_NOARGS, "Has it ended?"},
        {"cancelled", &future_cancelled, METH_NOARGS, "Was it cancelled?"},
        {"cancel", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&future_cancel)), METH_VARARGS | METH_KEYWORDS,
         "Ask the C++ task to end; it is cancelled when that has unwound."},
        {"get_loop", &future_get_loop, METH_NOARGS, "The event loop."},
        {"add_done_callback", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&future_add_done_callback)),
         METH_FASTCALL | METH_KEYWORDS, "Call callback(self) when it has ended."},
        {"remove_done_callback", &future_remove_done_callback, METH_O, "Remove a callback; how many there were."},
        {"_make_cancelled_error", &make_cancelled_error, METH_NOARGS, nullptr},
        {nullptr, nullptr, 0, nullptr}};
    static PyMemberDef members[] = {
        {"_asyncio_future_blocking", T_BOOL, offsetof(future_fields, blocking), 0, nullptr},
        {"_loop", T_OBJECT, offsetof(future_fields, loop), READONLY, nullptr},
        {"_cancel_message", T_OBJECT, offsetof(future_fields, cancel_message), READONLY,
         nullptr},  // asyncio.gather reads it
        {"__weaklistoffset__", T_PYSSIZET, offsetof(future_fields, weak_references), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_members, members},
                                  {Py_tp_doc, const_cast<char*>("A C++ operation that Python awaits.")},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&future_send)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&next_method<&future_send>)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&future_repr)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&future_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&future_clear)},
                                  {Py_tp_finalize, reinterpret_cast<void*>(&future_finalize)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&future_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.Future", sizeof(python_future), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyTypeObject* future_type() noexcept {
    static PyTypeObject* const type = make_future_type();
    return type;
}

}  // namespace

py::bound exception_of(py::python py, future_state_base& state, const std::exception_ptr& error) noexcept {
    py::bound exception = py::to_python_exception(py, error);
    if (const auto trail = state.take_trail()) py::detail::add_frames(exception, trail->passed);
    // As in Python (PEP 479): it would be taken for the coroutine's result.
    if (PyErr_GivenExceptionMatches(exception.ptr(), PyExc_StopIteration) == 0) return exception;
    return py::detail::caused_by(exception, "coroutine raised StopIteration");
}

void throw_as_python(py::python py, future_state_base& state, const std::exception_ptr& error) {
    throw py::python_error::from(exception_of(py, state, error));
}

bool python_future_wait::begin(PyObject* future, PyObject* loop, PyObject* task) noexcept {
    if (Py_TYPE(future) != future_type()) return false;
    python_future& me = as_future(future);
    if (me.state != progress::pending || me.blocking == 0 || me.loop != loop || me.callback != nullptr) return false;
    me.blocking = 0;
    me.callback = Py_NewRef(task);
    return true;
}

bool python_future_wait::is_one(PyObject* future) noexcept { return Py_TYPE(future) == future_type(); }

const future_state_base* python_future_wait::operation(PyObject* future) noexcept {
    return as_future(future).link.operation();
}

std::vector<py::bound> python_future_wait::callbacks(const py::bound& future) {
    const python_future& me = as_future(future.ptr());
    std::vector<py::bound> all;
    if (me.callback != nullptr) all.push_back(py::bound::borrow(future.py(), me.callback));
    for (Py_ssize_t i = 0; me.more_callbacks != nullptr && i < PyList_GET_SIZE(me.more_callbacks); ++i) {
        all.push_back(py::bound::borrow(future.py(), PyTuple_GET_ITEM(PyList_GET_ITEM(me.more_callbacks, i), 0)));
    }
    return all;
}

bool python_future_wait::cancel_asked(PyObject* future) noexcept {
    return Py_TYPE(future) == future_type() && as_future(future).cancel_asked != 0;
}

PyObject* python_future_wait::cancel_message(PyObject* future) noexcept {
    return Py_TYPE(future) == future_type() ? as_future(future).cancel_message : nullptr;
}

PyObject* python_future_wait::result(PyObject* future) noexcept {
    if (Py_TYPE(future) == future_type()) return future_result(future, nullptr);
    return PyObject_CallMethodNoArgs(future, asyncio_api::get(py::detail::token_maker::make()).result_name);
}

py::bound make_python_future(py::python py, ref<future_state_base> state, take_result take,
                             const ref<task_locals_state>& locals) {
    if (locals->inbox().closed()) {
        // Nobody would ever hear of it.
        state->abandon();
        std::rethrow_exception(loop_closed_error());
    }
    if (locals->inbox().of_parent_process()) std::rethrow_exception(forked_error());
    PyTypeObject* const type = future_type();
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    PyObject* const made = py::detail::raise_if_null(py, type->tp_alloc(type, 0));
    python_future& content = as_future(made);
    content.loop = Py_NewRef(locals->event_loop());
    new (&content.link) operation_link(std::move(state), take, locals);
    content.link.connect();
    return py::bound::steal(py, made);
}

}  // namespace pyasync::detail
