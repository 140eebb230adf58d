// framework/include/pyasync/bridge/python_future_object.hpp: what a pyasync.Future consists of.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/bridge/future_into_py.hpp>

namespace pyasync::detail {

enum class progress : char { pending, finished, failed, cancelled };

/// All of it under the GIL; asyncio's protocol for Futures is that of CPython's Lib/asyncio/futures.py.
struct future_fields {
    PyObject_HEAD PyObject* loop;
    PyObject* outcome;    ///< the result or the exception; null where it was cancelled before C++ had thrown anything
    PyObject* traceback;  ///< the exception's, as it came: every raise starts from it
    PyObject* cancel_message;
    PyObject* callback;        ///< the first of them: mostly there is just one
    PyObject* context;         ///< its context; null where the callback is a task of ours, to be woken
    PyObject* more_callbacks;  ///< list of (callback, context)
    PyObject* weak_references;
    progress state;
    bool context_is_common;  ///< and nobody's to enter: the callback gets a copy
    char blocking;           ///< `_asyncio_future_blocking`
    char unretrieved;        ///< has an exception that nobody has seen
    char cancel_asked;       ///< `cancel()` has been called, while it was pending
};

/// Leads from the operation to the Python object that it is a part of.
class operation_link final : loop_dependent, work {
public:
    operation_link(ref<future_state_base> state, take_result take, const ref<task_locals_state>& locals) noexcept
        : work(&arrive), state_(std::move(state)), take_(take), locals_(locals) {}

    void connect() noexcept {
        inbox().enlist(*this);
        if (!state_->notify(*this, inbox())) inbox().post(*this);
    }

    [[nodiscard]] asyncio_inbox& inbox() const noexcept { return locals_.state()->inbox(); }
    void cancel() noexcept { state_->cancel(); }
    /// What it stands for; null once that has ended.
    [[nodiscard]] const future_state_base* operation() const noexcept { return state_.get(); }

    /// Nobody wants the operation any more. Where its message is on its way, the object stays until that has arrived.
    void abandon() noexcept;

private:
    /// What becomes of the message: it is to come; it has come, or will not; it brings the object's last reference.
    enum class message : char { awaited, settled, keeps_object };

    [[nodiscard]] PyObject* object() const noexcept;
    static void arrive(work& self, delivery how) noexcept;
    void loop_closed(py::python) noexcept override;
    void left_by_fork(py::python py) noexcept override;
    void loop_stopping(py::python) noexcept override;
    void loop_still_stopping(py::python py) noexcept override { loop_stopping(py); }
    [[nodiscard]] PyObject* awaited_task() const noexcept override { return nullptr; }
    [[nodiscard]] counterpart described() const noexcept override { return {object(), {}}; }

    ref<future_state_base> state_;
    take_result take_;
    /// The task's: the last of them dies here, under the GIL, and not on the task's thread.
    locals_in_use locals_;
    std::atomic<message> message_{message::awaited};
};

struct python_future : future_fields {
    operation_link link;
};

inline python_future& as_future(PyObject* self) noexcept { return *reinterpret_cast<python_future*>(self); }

/// asyncio's own way to call a callback: later, by a Handle.
void call_soon(PyObject* self, PyObject* callback, PyObject* context);

}  // namespace pyasync::detail
