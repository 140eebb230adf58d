// framework/src/bridge/python_await.cpp: which way an awaitable is awaited.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/python_await.hpp>

#include <stdexcept>

#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/eager_task.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/py/cancelled_error.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// A generator that `types.coroutine` has marked as a coroutine.
bool is_generator_coroutine(PyObject* candidate) noexcept {
    if (!PyGen_CheckExact(candidate)) return false;
    PyObject* const code = PyObject_GetAttrString(candidate, "gi_code");
    const bool marked = (reinterpret_cast<PyCodeObject*>(code)->co_flags & CO_ITERABLE_COROUTINE) != 0;
    py::detail::let_go(code);
    return marked;
}

/// A task made by the loop itself, as it makes all its tasks.
py::bound task_of_loop(const py::bound& loop, const py::bound& awaitable, PyObject* context) {
    const py::python py = loop.py();
    const py::bound asyncio = py.import("asyncio");
    if (!asyncio.attr("iscoroutine")(awaitable)) {
        const entered_context entered(py, context);
        return asyncio.attr("ensure_future")(awaitable, py::kw("loop") = loop);
    }
    try {
        return loop.call_method("create_task", awaitable, py::kw("context") = py::bound::borrow(py, context));
    } catch (const py::python_error& error) {
        if (!error.matches("TypeError")) throw;
    }
    const entered_context entered(py, context);  // a task factory that does not know of contexts
    return loop.call_method("create_task", awaitable);
}

}  // namespace

bool is_awaitable(PyObject* candidate) noexcept {
    const PyAsyncMethods* const methods = Py_TYPE(candidate)->tp_as_async;
    return (methods != nullptr && methods->am_await != nullptr) || is_generator_coroutine(candidate);
}

void require_awaitable(const py::bound& candidate) {
    if (is_awaitable(candidate.ptr())) return;
    py::detail::raise(candidate.py(), PyExc_TypeError,
                      "object " + candidate.type_name() + " can't be used in 'await' expression: " + candidate.repr());
}

py::bound steppable(const py::bound& awaitable) {
    PyObject* const target = awaitable.ptr();
    if (PyCoro_CheckExact(target) || is_generator_coroutine(target)) return awaitable;
    return py::bound::steal(awaitable.py(), Py_TYPE(target)->tp_as_async->am_await(target));
}

std::exception_ptr take_raised(py::python py) noexcept {
    if (PyErr_ExceptionMatches(asyncio_api::get(py).cancelled_error) != 0) {
        return std::make_exception_ptr(py::cancelled_error::fetch(py));
    }
    return std::make_exception_ptr(py::python_error::fetch(py));
}

std::exception_ptr take_handled(py::python py) noexcept {
    try {
        throw;
    } catch (const py::python_error& error) {
        const py::bound value = error.value().bind(py);
        if (PyErr_GivenExceptionMatches(value.ptr(), asyncio_api::get(py).cancelled_error) == 0) {
            return std::current_exception();
        }
        py::detail::set_raised(value);
        return take_raised(py);
    } catch (...) {
        return std::current_exception();
    }
}

void python_await::start(py::python py, const py::bound& awaitable, asyncio_inbox& inbox, PyObject* context) noexcept {
    inbox_ = &inbox;
    try {
        if (!PyCoro_CheckExact(awaitable.ptr()) && is_future(asyncio_api::get(py), awaitable.ptr())) {
            await_future(awaitable, context);
        } else if (task_is_ours_ = true; inbox_->direct(py)) {
            eager_task::start(*this, py, steppable(awaitable), context);
        } else {
            const py::bound loop = py::bound::borrow(py, inbox_->event_loop());
            await_future(task_of_loop(loop, awaitable, context), context);
        }
    } catch (...) {
        ends_with_error(py, take_handled(py));
    }
}

void python_await::await_future(const py::bound& future, PyObject* context) {
    static PyMethodDef done_method{"future_done", &future_done, METH_O, nullptr};
    const py::python py = future.py();
    if (future.call_method("get_loop").ptr() != inbox_->event_loop()) {
        py::detail::raise(py, PyExc_RuntimeError, future.repr() + " is attached to a different loop than the C++ task");
    }
    const py::bound capsule = py::bound::steal(py, PyCapsule_New(this, nullptr, nullptr));
    py::detail::raise_if_negative(py, PyCapsule_SetContext(capsule.ptr(), this));
    const py::bound callback = py::bound::steal(py, PyCFunction_New(&done_method, capsule.ptr()));
    future.call_method("add_done_callback", callback, py::kw("context") = py::bound::borrow(py, context));
    callback_ = py::bound(capsule).release();
    continues_as(future.ptr());
}

PyObject* python_await::future_done(PyObject* capsule, PyObject* future) noexcept {
    auto* const self = static_cast<python_await*>(PyCapsule_GetContext(capsule));
    if (self == nullptr) Py_RETURN_NONE;  // the await had ended already
    const py::python py = py::detail::token_maker::make();
    PyObject* const value = py::detail::into_python([&] { return PyObject_CallMethod(future, "result", nullptr); });
    if (value == nullptr) {
        self->ends_with_error(py, take_raised(py));
    } else {
        self->ends_with(py, py::bound::steal(py, value));
    }
    Py_RETURN_NONE;
}

bool python_await::cancel_await(py::python py) noexcept {
    if (task_ == nullptr) return true;
    PyObject* const answer = py::detail::into_python([&] { return PyObject_CallMethod(task_, "cancel", nullptr); });
    if (answer == nullptr) report_unhandled(py, inbox_->event_loop(), "cancelling a Python task failed");
    py::detail::let_go(answer);
    return answer != Py_False;
}

void python_await::abandon_await(py::python py) noexcept {
    if (task_ == nullptr) return;
    PyObject* const requests =
        py::detail::into_python([&] { return PyObject_CallMethod(task_, "cancelling", nullptr); });
    const bool asked_before = requests != nullptr && PyObject_IsTrue(requests) == 1;
    py::detail::let_go(requests);
    PyErr_Clear();  // a Future does not count the requests
    if (!asked_before) cancel_await(py);
}

void python_await::loop_closed(py::python py) noexcept {
    if (task_ != nullptr && task_is_ours_) close_task();
    ends_with_error(py, loop_closed_error());
}

/// Nobody will step it any more. What its coroutine has is given up now, not when the garbage collector finds it; that
/// it has not ended is told to who awaits it, not to the loop's exception handler.
void python_await::close_task() noexcept {
    PyObject* const task = Py_NewRef(task_);
    if (PyObject* const coroutine = eager_task::coroutine_of(task)) {
        eager_task::forget(task);
        close_coroutine(coroutine);
        py::detail::let_go(coroutine);
    }
    eager_task::keep_quiet(task);
    py::detail::let_go(task);
}

void python_await::loop_stopping(py::python py) noexcept {
    // It is cancelled with all of asyncio's tasks.
    try {
        if (task_ != nullptr) eager_task::make_known(py, task_);
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
        report_unhandled(py, inbox_->event_loop(), "a Python task could not be cancelled");
    }
}

void python_await::continues_as(PyObject* task) noexcept {
    if (task_ != nullptr) return;
    task_ = Py_NewRef(task);
    inbox_->enlist(*this);
    // Closed by another thread during the step: nobody would ever tell.
    if (inbox_->closed()) loop_closed(py::detail::token_maker::make());
}

void python_await::leave() noexcept {
    asyncio_inbox::dismiss(*this);
    if (callback_ != nullptr) PyCapsule_SetContext(callback_, nullptr);
    if (task_ != nullptr) eager_task::forget(task_);
    py::detail::clear(callback_);
    py::detail::clear(task_);
}

void python_await::ends_with(py::python py, const py::bound& value) noexcept {
    leave();
    returned(py, value);
}

void python_await::ends_with_error(py::python py, std::exception_ptr error) noexcept {
    leave();
    raised(py, std::move(error));
}

}  // namespace pyasync::detail
