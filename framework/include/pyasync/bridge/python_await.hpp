// framework/include/pyasync/bridge/python_await.hpp: awaiting a Python awaitable on behalf of C++.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::detail {

/// Can it be awaited? A coroutine, a Future, anything with `__await__`.
[[nodiscard]] bool is_awaitable(PyObject* candidate) noexcept;

/// Throws the TypeError that Python's `await` raises, where it cannot be awaited.
void require_awaitable(const py::bound& candidate);

/// What `await` steps: the coroutine itself, or what its `__await__` returns; it must be awaitable.
[[nodiscard]] py::bound steppable(const py::bound& awaitable);

/// The exception that Python has set on this thread, for C++: a CancelledError is `cancelled`, all others are
/// `python_error`.
[[nodiscard]] std::exception_ptr take_raised(py::python py) noexcept;

/// The same of the exception that is being handled.
[[nodiscard]] std::exception_ptr take_handled(py::python py) noexcept;

/// One awaitable on its way to an outcome. On the asyncio thread, under the GIL.
///
/// A coroutine is stepped at once, in the locals' context. Where it ends without waiting for anything, that is all, and
/// no asyncio.Task is made; where it waits, it goes on as a Task (the one that `asyncio.current_task()` has shown to it
/// from the start). A Future gets a callback. Where the loop is in debug mode or has a task factory, it makes the task.
class python_await : loop_dependent {
public:
    python_await(const python_await&) = delete;
    python_await& operator=(const python_await&) = delete;

protected:
    python_await() = default;
    ~python_await() = default;

    /// `returned` or `raised` follows, once, maybe from within.
    void start(py::python py, const py::bound& awaitable, asyncio_inbox& inbox, PyObject* context) noexcept;

    /// Asks the Python side to end early. False where that has ended already, and tells so later.
    bool cancel_await(py::python py) noexcept;

    /// The same, unless it has been asked before.
    void abandon_await(py::python py) noexcept;

    /// Does a C++ task wait for it at present?
    [[nodiscard]] virtual bool has_waiter() const noexcept = 0;

    /// For a report: what C++ tasks that wait for it call it.
    [[nodiscard]] virtual report_id known_as() const noexcept = 0;

    /// How it ended. The object may be gone when these return.
    virtual void returned(py::python py, const py::bound& value) noexcept = 0;
    virtual void raised(py::python py, std::exception_ptr error) noexcept = 0;

private:
    friend class eager_task;

    void loop_closed(py::python py) noexcept override;
    void left_by_fork(py::python) noexcept override {}  // Python goes on, and nobody asks for the outcome
    void loop_stopping(py::python py) noexcept override;
    void loop_still_stopping(py::python py) noexcept override {
        if (!has_waiter()) abandon_await(py);
    }
    [[nodiscard]] PyObject* awaited_task() const noexcept override { return has_waiter() ? task_ : nullptr; }
    [[nodiscard]] counterpart described() const noexcept override { return {task_, known_as()}; }

    /// It goes on as that Task or Future.
    void continues_as(PyObject* task) noexcept;
    void ends_with(py::python py, const py::bound& value) noexcept;
    void ends_with_error(py::python py, std::exception_ptr error) noexcept;
    void leave() noexcept;
    void close_task() noexcept;

    void await_future(const py::bound& future, PyObject* context);
    static PyObject* future_done(PyObject* capsule, PyObject* future) noexcept;

    asyncio_inbox* inbox_ = nullptr;
    PyObject* task_ = nullptr;      ///< what to cancel: a Task or a Future
    PyObject* callback_ = nullptr;  ///< the capsule that leads a Future's callback here
    bool task_is_ours_ = false;     ///< made for this, not given to be awaited
};

}  // namespace pyasync::detail
