// framework/src/bridge/asyncio_api.cpp: looking asyncio up, and entering contexts.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/asyncio_api.hpp>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

asyncio_api look_up(py::python py) {
    const py::bound asyncio = py.import("asyncio");
    const py::bound native = py.import("_asyncio");
    const py::bound task = asyncio.attr("Task");
    asyncio_api found{};
    found.future_type = asyncio.attr("Future").release();
    found.native_task = task.is(native.attr("Task"));
    found.task_type = py::bound(task).release();
    if (native.has_attr("_current_tasks")) found.current_tasks = native.attr("_current_tasks").release();
    found.running_loop = asyncio.attr("get_running_loop").release();
    found.cancelled_error = asyncio.attr("CancelledError").release();
    found.invalid_state_error = asyncio.attr("InvalidStateError").release();
    found.base_event_loop = asyncio.attr("BaseEventLoop").release();
    const auto interned = [py](const char* name) {
        return py::bound::steal(py, PyUnicode_InternFromString(name)).release();
    };
    found.debug_name = interned("_debug");
    found.task_factory_name = interned("_task_factory");
    found.ready_name = interned("_ready");
    found.stopping_name = interned("_stopping");
    found.scheduled_name = interned("_scheduled");
    found.when_name = interned("_when");
    found.thread_name = interned("_thread_id");
    found.blocking_name = interned("_asyncio_future_blocking");
    found.add_done_callback_name = interned("add_done_callback");
    found.context_keyword = py::bound::steal(py, PyTuple_Pack(1, interned("context"))).release();
    found.get_loop_name = interned("get_loop");
    found.result_name = interned("result");
    found.throw_name = interned("throw");
    found.register_task = asyncio.attr("_register_task").release();
    found.mark_name = interned("__asyncio_running_event_loop__");
    return found;
}

}  // namespace

const asyncio_api& asyncio_api::find(py::python py) {
    found_ = new asyncio_api(look_up(py));  // for as long as the process: there is one interpreter
    return *found_;
}

py::bound asyncio_api::get_running_loop(py::python py) const {
    return py::bound::steal(py, PyObject_CallNoArgs(running_loop));
}

bool is_future(const asyncio_api& asyncio, PyObject* candidate) noexcept {
    if (PyObject_TypeCheck(candidate, reinterpret_cast<PyTypeObject*>(asyncio.future_type))) return true;
    // asyncio's own rule for classes that are not derived from its Future: they have the attribute, and it is not None.
    auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(candidate));
    if (PyObject_HasAttrString(type, "_asyncio_future_blocking") == 0) return false;
    PyObject* const blocking = PyObject_GetAttrString(candidate, "_asyncio_future_blocking");
    const bool answer = blocking != nullptr && blocking != Py_None;
    py::detail::let_go(blocking);
    PyErr_Clear();
    return answer;
}

py::bound with_frame(const py::bound& callable) {
    const py::python py = callable.py();
    const py::bound names = py::bound::steal(py, PyDict_New());
    return py.import("builtins").attr("eval")("lambda call: lambda *args: call(*args)", names)(callable);
}

entered_context::entered_context(py::python py, PyObject* context) {
    if (context == nullptr || PyThreadState_Get()->context == context) return;
    if (PyContext_Enter(context) == 0) {
        entered_ = Py_NewRef(context);
        return;
    }
    PyErr_Clear();
    py::bound copy = py::bound::steal(py, PyContext_Copy(context));
    py::detail::raise_if_negative(py, PyContext_Enter(copy.ptr()));
    entered_ = copy.release();
}

entered_context::~entered_context() {
    if (entered_ == nullptr) return;
    const py::detail::set_aside under_way;  // leaving must not disturb it
    if (PyContext_Exit(entered_) < 0) PyErr_Clear();
    py::detail::let_go(entered_);
}

void report_unhandled(py::python py, PyObject* loop, const char* message) noexcept {
    try {
        const py::bound value = py::python_error::fetch(py).value().bind(py);
        const py::bound details = py::bound::steal(py, PyDict_New());
        py::detail::raise_if_negative(py, PyDict_SetItemString(details.ptr(), "message", py.value(message).ptr()));
        py::detail::raise_if_negative(py, PyDict_SetItemString(details.ptr(), "exception", value.ptr()));
        py::bound::borrow(py, loop).call_method("call_exception_handler", details);
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
        PyErr_WriteUnraisable(loop);
    }
}

}  // namespace pyasync::detail
