// framework/include/pyasync/bridge/python_future.hpp: the shortest way to wait for a pyasync.Future.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// For the tasks that we step ourselves: what asyncio's protocol for Futures does, without its calls. Under the GIL.
class python_future_wait {
public:
    /// Is it a pyasync.Future that has just been yielded by `await`, for a task of `loop`, and is not done? Then the
    /// task is woken by `eager_task::woken(task, future)`, in its turn among the Future's callbacks.
    [[nodiscard]] static bool begin(PyObject* future, PyObject* loop, PyObject* task) noexcept;

    /// What a pyasync.Future has been cancelled with, borrowed; null where it has not, or without a message.
    [[nodiscard]] static PyObject* cancel_message(PyObject* future) noexcept;

    /// `future.result()`; null with an exception set. Any awaitable that has this method.
    [[nodiscard]] static PyObject* result(PyObject* future) noexcept;
};

}  // namespace pyasync::detail
