// framework/include/pyasync/bridge/python_future.hpp: the shortest way to wait for a pyasync.Future.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <pyasync/core/future.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// For the tasks that we step ourselves: what asyncio's protocol for Futures does, without its calls. Under the GIL.
class python_future_wait {
public:
    /// Is it a pyasync.Future that has just been yielded by `await`, for a task of `loop`, and is not done? Then the
    /// task is woken by `eager_task::woken(task, future)`, in its turn among the Future's callbacks.
    [[nodiscard]] static bool begin(PyObject* future, PyObject* loop, PyObject* task) noexcept;

    /// Is it a pyasync.Future of this library's?
    [[nodiscard]] static bool is_one(PyObject* future) noexcept;

    /// For a report: what such a Future stands for; null once that has ended. And its callbacks, in their order.
    [[nodiscard]] static const future_state_base* operation(PyObject* future) noexcept;
    [[nodiscard]] static std::vector<py::bound> callbacks(const py::bound& future);

    /// Has a pyasync.Future been cancelled while it was pending, be it in vain?
    [[nodiscard]] static bool cancel_asked(PyObject* future) noexcept;

    /// What a pyasync.Future has been cancelled with, borrowed; null where it has not, or without a message.
    [[nodiscard]] static PyObject* cancel_message(PyObject* future) noexcept;

    /// `future.result()`; null with an exception set. Any awaitable that has this method.
    [[nodiscard]] static PyObject* result(PyObject* future) noexcept;
};

}  // namespace pyasync::detail
