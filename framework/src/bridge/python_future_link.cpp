// framework/src/bridge/python_future_link.cpp: how the end of an operation reaches its pyasync.Future, and its waiters.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/eager_task.hpp>
#include <pyasync/bridge/python_future_object.hpp>
#include <pyasync/py/cancelled_error.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::detail {

void call_soon(PyObject* self, PyObject* callback, PyObject* context) {
    const py::python py = py::detail::token_maker::make();
    py::bound::borrow(py, as_future(self).loop)
        .call_method("call_soon", py::bound::borrow(py, callback), py::bound::borrow(py, self),
                     py::kw("context") = py::bound::borrow(py, context));
}

namespace {

void settle(py::python py, PyObject* self, future_state_base& state, take_result take) noexcept {
    python_future& me = as_future(self);
    try {
        py::bound value = take(py, state);
        if (me.cancel_asked != 0 && state.missed_cancellation()) {
            // As asyncio.Task has it: whoever has cancelled it was told that it would be.
            me.state = progress::cancelled;
            return;
        }
        me.outcome = value.release();
        me.state = progress::finished;
        return;
    } catch (...) {
        const py::bound exception = exception_of(py, state, std::current_exception());
        me.outcome = Py_NewRef(exception.ptr());
        me.traceback = PyException_GetTraceback(exception.ptr());
        if (PyErr_GivenExceptionMatches(exception.ptr(), asyncio_api::get(py).cancelled_error) != 0) {
            py::detail::add_message(exception, me.cancel_message);
            me.state = progress::cancelled;
            return;
        }
        me.unretrieved = 1;
        me.state = progress::failed;
    }
}

/// Calls a callback from the drain, which is a callback of the loop already: a Handle would only cost a turn.
void call_now(py::python py, PyObject* self, PyObject* callback, PyObject* context) {
    if (PyContext_Enter(context) < 0) {
        PyErr_Clear();  // somebody is in this context further out: later, then
        return call_soon(self, callback, context);
    }
    PyObject* const answer = py::detail::into_python([&] { return PyObject_CallOneArg(callback, self); });
    {
        const py::detail::set_aside raised;
        if (PyContext_Exit(context) < 0) PyErr_Clear();
    }
    py::detail::let_go(answer);
    if (answer != nullptr) return;
    if (PyErr_ExceptionMatches(PyExc_SystemExit) != 0 || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
        return as_future(self).link.inbox().raise_through(py);
    }
    report_unhandled(py, as_future(self).loop, "Exception in a callback of a pyasync.Future");
}

/// A task of ours that comes with its last reference may serve again.
void call_one(PyObject* self, py::bound callback, PyObject* context) noexcept {
    if (context == nullptr) return eager_task::woken(std::move(callback), self);
    const py::python py = callback.py();
    try {
        if (as_future(self).link.inbox().direct(py)) {
            call_now(py, self, callback.ptr(), context);
        } else {
            call_soon(self, callback.ptr(), context);
        }
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
        report_unhandled(py, as_future(self).loop, "a callback of a pyasync.Future could not be called");
    }
}

void call_back(py::python py, PyObject* self) noexcept {
    python_future& me = as_future(self);
    PyObject* const callback = std::exchange(me.callback, nullptr);
    PyObject* context = std::exchange(me.context, nullptr);
    PyObject* const more = std::exchange(me.more_callbacks, nullptr);
    if (context != nullptr && me.context_is_common) {
        if (PyObject* const own = PyContext_Copy(context)) {
            py::detail::replace(context, own);
        } else {
            PyErr_Clear();  // out of memory: the common one, since none at all would mean a task of ours
        }
    }
    if (callback != nullptr) call_one(self, py::bound::steal(py, callback), context);
    py::detail::let_go(context);
    if (more == nullptr) return;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(more); ++i) {
        PyObject* const entry = PyList_GET_ITEM(more, i);
        call_one(self, py::bound::borrow(py, PyTuple_GET_ITEM(entry, 0)), PyTuple_GET_ITEM(entry, 1));
    }
    py::detail::let_go(more);
}

}  // namespace

PyObject* operation_link::object() const noexcept {
    static_assert(sizeof(future_fields) % alignof(operation_link) == 0);
    auto* const link = reinterpret_cast<char*>(const_cast<operation_link*>(this));
    return reinterpret_cast<PyObject*>(link - sizeof(future_fields));
}

void operation_link::arrive(work& self, delivery how) noexcept {
    auto& link = static_cast<operation_link&>(self);
    const bool kept = link.message_.exchange(message::settled) == message::keeps_object;
    if (how == delivery::refused) {
        if (kept) py::detail::give_up(link.object());
        return;
    }
    const py::python py = py::detail::token_maker::make();
    const py::bound future = kept ? py::bound::steal(py, link.object()) : py::bound::borrow(py, link.object());
    if (kept) return;
    asyncio_inbox::dismiss(link);
    settle(py, future.ptr(), *link.state_, link.take_);
    call_back(py, future.ptr());
    link.state_ = {};
    link.locals_.end();
}

void operation_link::abandon() noexcept {
    asyncio_inbox::dismiss(*this);  // it may be there still, if its message was refused
    if (message_ != message::awaited) return;
    if (state_->withdraw(*this)) {
        message_ = message::settled;
        return state_->abandon();
    }
    Py_INCREF(object());
    if (message_.exchange(message::keeps_object) == message::settled) py::detail::let_go(object());
}

void operation_link::loop_closed(py::python) noexcept {
    as_future(object()).state = progress::cancelled;
    if (state_->withdraw(*this)) message_ = message::settled;
    state_->abandon();  // also where it has ended: it may stand for a step of what goes on
}

void operation_link::left_by_fork(py::python py) noexcept {
    const py::bound future = py::bound::borrow(py, object());
    as_future(future.ptr()).state = progress::cancelled;
    call_back(py, future.ptr());
}

void operation_link::loop_stopping(py::python) noexcept {
    const python_future& me = as_future(object());
    if (me.callback == nullptr && me.more_callbacks == nullptr) state_->abandon();
}

}  // namespace pyasync::detail
