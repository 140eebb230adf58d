// framework/include/pyasync/bridge/future_into_py.hpp: a C++ task as something that Python awaits.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <string>
#include <utility>

#include <pyasync/bridge/spawn.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync {

namespace detail {

/// Takes the result out of a state that is done, for Python; throws what the operation threw.
using take_result = py::bound (*)(py::python, future_state_base&);

template <typename T>
py::bound take_for_python(py::python py, future_state_base& state) {
    result<T>& outcome = static_cast<future_state<T>&>(state).outcome;
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    if constexpr (std::is_void_v<T>) {
        return py.none();
    } else {
        return py.value(outcome.take());
    }
}

/// What an operation ended with, as Python's exception, with the C++ frames that it has passed.
[[nodiscard]] py::bound exception_of(py::python py, future_state_base& state, const std::exception_ptr& error) noexcept;

/// Throws that.
[[noreturn]] void throw_as_python(py::python py, future_state_base& state, const std::exception_ptr& error);

/// A Python object that stands for `state` on the event loop of `locals`: what asyncio takes for a Future. Where that
/// loop is closed, `state` is abandoned, and a `misuse` thrown.
[[nodiscard]] py::bound make_python_future(py::python py, ref<future_state_base> state, take_result take,
                                           const ref<task_locals_state>& locals);

/// That for a task that starts now.
template <typename T>
[[nodiscard]] py::bound start_for_python(py::python py, task<T> body, take_result take,
                                         const ref<task_locals_state>& locals, const std::source_location& where) {
    return make_python_future(py, root<T>::launch(std::move(body), uv::loop_pool::instance().next(), locals, where),
                              take, locals);
}

}  // namespace detail

/// Starts `body` and returns a Python object that can be awaited: hot, as a Future, and one to `asyncio.isfuture`.
///
///     py::bound pending = pyasync::future_into_py(py, cpp_sleep(1.0));
///
/// It belongs to the loop that runs on this thread; the task runs on a libuv loop, with that event loop and a copy of
/// the current context as its locals. **Thread.** The asyncio thread, with the GIL. **Cancellation.** `cancel()`
/// cancels the task; the Future is cancelled when that has unwound, and has a result where it did not let itself be
/// cancelled. Python's letting go of it cancels the task, too. **Errors.** `RuntimeError: no running event loop`; the
/// task's exceptions as `to_python_exception` says, their tracebacks grown by the C++ frames that they passed.
/// **Ownership.** Takes the task.
template <typename T>
[[nodiscard]] py::bound future_into_py(py::python py, task<T> body,
                                       const std::source_location& where = std::source_location::current()) {
    const auto locals = detail::common_locals(py);
    return detail::start_for_python(py, std::move(body), &detail::take_for_python<T>, locals.state(), where);
}

/// The same on the loop, and in the context, of the given locals.
template <typename T>
[[nodiscard]] py::bound future_into_py(py::python py, const task_locals& locals, task<T> body,
                                       const std::source_location& where = std::source_location::current()) {
    return detail::start_for_python(py, std::move(body), &detail::take_for_python<T>, locals.state(), where);
}

/// What runs already, for Python: a handle on a spawned task, a blocking function.
template <typename T>
[[nodiscard]] py::bound future_into_py(py::python py, future<T> running) {
    return detail::make_python_future(py, std::move(running).release(), &detail::take_for_python<T>,
                                      get_current_locals(py).state());
}

namespace detail {

template <typename T>
[[nodiscard]] std::string annotation_of_future() {
    const std::string result = py::annotation_of<T>();
    return "asyncio.Future[" + (result.empty() ? "Any" : result) + "]";
}

}  // namespace detail

namespace py {

/// A task or a future among the arguments of a call, or as the result of a function given to Python.
template <typename T>
struct converter<task<T>> {
    static std::string annotation() { return pyasync::detail::annotation_of_future<T>(); }
    static bound to_python(python py, task<T>&& body) { return future_into_py(py, std::move(body)); }
};
template <typename T>
struct converter<future<T>> {
    static std::string annotation() { return pyasync::detail::annotation_of_future<T>(); }
    static bound to_python(python py, future<T>&& running) { return future_into_py(py, std::move(running)); }
};

}  // namespace py
}  // namespace pyasync
