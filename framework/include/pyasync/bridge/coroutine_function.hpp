// framework/include/pyasync/bridge/coroutine_function.hpp: a C++ coroutine function as an `async def` of Python's.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/lasting_call.hpp>
#include <pyasync/py/function.hpp>

namespace pyasync {

namespace detail {

/// What a coroutine function returns, for Python.
template <typename T>
struct cold_coroutine {
    task<T> body;
    coroutine_options how;
    std::source_location where;
    const py::object* name;
};

template <typename Function, typename Task, typename Arguments>
class coroutine_maker;

/// Calls `function`, which runs nothing yet.
template <typename Function, typename T, typename... Args>
class coroutine_maker<Function, task<T>, std::tuple<Args...>> {
public:
    coroutine_maker(py::object name, Function function, coroutine_options how, const std::source_location& where)
        : name_(std::move(name)),
          function_(std::make_shared<Function>(std::move(function))),
          how_(how),
          where_(where) {}

    cold_coroutine<T> operator()(std::decay_t<Args>... args) {
        require_arguments_free_of_gil<Args...>();
        if constexpr (refers_to_call<Function, Args...>) {
            using call = lasting_call<Function, Args...>;
            auto kept = std::make_shared<call>(function_, std::move(args)...);
            task<T> body = (*kept)();
            return {run_keeping(std::move(kept), std::move(body)), how_, where_, &name_};
        } else {
            return {(*function_)(std::move(args)...), how_, where_, &name_};
        }
    }

private:
    py::object name_;
    std::shared_ptr<Function> function_;
    coroutine_options how_;
    std::source_location where_;
};

}  // namespace detail

namespace py {

template <typename T>
struct converter<pyasync::detail::cold_coroutine<T>> {
    static std::string annotation() { return annotation_of<T>(); }
    static bound to_python(python py, pyasync::detail::cold_coroutine<T>&& cold) {
        const pyasync::detail::cold_task body{cold.body.release().address(),
                                              &pyasync::detail::cold_task_of<T>::operations, cold.how, cold.where};
        return pyasync::detail::make_coroutine_object(py, body, *cold.name);
    }
};

}  // namespace py

/// Makes a Python function of a C++ coroutine function, which behaves as an `async def` does.
///
///     py::bound fetch = pyasync::coroutine_function(py, "fetch", &cached_fetch, {.inline_start = true}, "", {"key"});
///
/// Calling it converts the arguments and makes a coroutine object; the C++ task starts when that is first stepped: by
/// `await`, `asyncio.run`, a Task. The object has `send`, `throw`, `close` and `__await__`, and warns where it was
/// never awaited. **Thread.** Made, called and destroyed under the GIL; the task runs on a libuv loop (from the start,
/// or from its first wait: `inline_start`), with the running event loop and a copy of the current context as its
/// locals.
/// **Cancellation.** What cancels the awaiting Task cancels the C++ task, as a Future of `future_into_py`. **Errors.**
/// A `TypeError` for wrong arguments, at the call; `RuntimeError: no running event loop` where it has to wait and there
/// is none; awaiting it twice is a RuntimeError. **Ownership.** The Python function owns `function`. What a coroutine
/// refers to, arguments that it takes by reference and the captures of a lambda, lives until it has ended.
template <typename Function>
[[nodiscard]] py::bound coroutine_function(py::python py, const char* name, Function&& function,
                                           coroutine_options how = {}, const char* doc = "",
                                           const std::vector<py::parameter>& named = {},
                                           const std::source_location& where = std::source_location::current()) {
    using types = py::detail::signature<std::decay_t<Function>>;
    using maker = detail::coroutine_maker<std::decay_t<Function>, typename types::result, typename types::arguments>;
    return py::detail::make_function(
        py,
        std::make_unique<py::detail::function_of<maker>>(
            py, name, named, maker(py.value(name).unbind(), std::forward<Function>(function), how, where)),
        {.doc = doc, .coroutine = true});
}

}  // namespace pyasync
