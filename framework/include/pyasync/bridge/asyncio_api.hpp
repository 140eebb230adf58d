// framework/include/pyasync/bridge/asyncio_api.hpp: the parts of asyncio that the bridge uses, looked up once.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Borrowed for as long as the interpreter lives; under the GIL.
struct asyncio_api {
    PyObject* future_type;      ///< asyncio.Future
    PyObject* task_type;        ///< asyncio.Task
    PyObject* current_tasks;    ///< loop -> the task that it runs at this moment; null where asyncio has no such dict
    PyObject* running_loop;     ///< asyncio.get_running_loop
    PyObject* cancelled_error;  ///< asyncio.CancelledError
    PyObject* invalid_state_error;  ///< asyncio.InvalidStateError
    PyObject* base_event_loop;      ///< asyncio.BaseEventLoop, and the names of its attributes
    PyObject* debug_name;
    PyObject* task_factory_name;
    PyObject* thread_name;
    PyObject* ready_name;
    PyObject* stopping_name;
    PyObject* scheduled_name;
    PyObject* when_name;      ///< a timer's time
    PyObject* blocking_name;  ///< where a Future is marked as awaited
    PyObject* get_loop_name;
    PyObject* add_done_callback_name;
    PyObject* context_keyword;  ///< the keyword of a call of that
    PyObject* result_name;
    PyObject* throw_name;
    PyObject* register_task;  ///< asyncio._register_task: what asyncio.all_tasks() is to know of
    PyObject* mark_name;      ///< where a thread's dict has the loop that it runs

    /// Is `asyncio.Task` the one written in C, so that a task of our own can build upon it?
    bool native_task;

    /// Throws `python_error` where asyncio cannot be imported.
    [[nodiscard]] static const asyncio_api& get(py::python py) { return found_ != nullptr ? *found_ : find(py); }

    /// `asyncio.get_running_loop()`, with its RuntimeError.
    [[nodiscard]] py::bound get_running_loop(py::python py) const;

private:
    [[nodiscard]] static const asyncio_api& find(py::python py);
    inline static const asyncio_api* found_ = nullptr;
};

/// Is it a Future, a Task, or of a class that says it behaves like one?
[[nodiscard]] bool is_future(const asyncio_api& asyncio, PyObject* candidate) noexcept;

/// The same callable, as a function of Python's own. In debug mode uvloop notes from where it is called, and fails
/// where there is no Python frame: so what is called from C++, or calls back into C++, on behalf of a loop has one.
[[nodiscard]] py::bound with_frame(const py::bound& callable);

/// Enters a `contextvars.Context` for a while. Where it is the current one, nothing is to be done; where it has been
/// entered further out, or by another thread, a copy of it takes its place: Python allows no context twice.
class entered_context {
public:
    entered_context(py::python py, PyObject* context);
    entered_context(const entered_context&) = delete;
    entered_context& operator=(const entered_context&) = delete;
    ~entered_context();

private:
    PyObject* entered_ = nullptr;
};

/// Calls `loop.call_exception_handler` with the exception that Python has set on this thread; asyncio reports it.
void report_unhandled(py::python py, PyObject* loop, const char* message) noexcept;

}  // namespace pyasync::detail
