// framework/include/pyasync/bridge/with_gil.hpp: taking the GIL on this thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

/// Enters the Python context of the C++ task that runs on this thread, or in whose name it runs, where there is one.
class context_of_running_task {
public:
    explicit context_of_running_task(py::python py)
        : locals_(current_locals()), entered_(py, locals_ ? locals_->context(py) : nullptr) {}

private:
    ref<task_locals_state> locals_;
    entered_context entered_;
};

}  // namespace detail

/// Takes the GIL and calls `function(py::python)`, here and now.
///
///     auto pid = pyasync::with_gil([](auto py) { return py.import("os").attr("getpid")().template to<int>(); });
///
/// **Thread.** Any, nested if need be. It blocks until the GIL is free, and a Python thread that computes may keep it
/// for milliseconds: on a loop thread every other task waits with it, so a task should prefer `on_asyncio` or `call`.
/// Within a task, Python runs in the task's context. **Errors.** What `function` throws; `std::runtime_error` where no
/// interpreter runs. **Ownership.** As with `on_asyncio`: a `bound` or a coroutine cannot be returned.
template <typename Function>
decltype(auto) with_gil(Function&& function) {
    py::detail::require_free_of_gil<std::invoke_result_t<Function, py::python>>();
    const py::gil held;
    const detail::context_of_running_task entered(held.token());
    return std::forward<Function>(function)(held.token());
}

}  // namespace pyasync
