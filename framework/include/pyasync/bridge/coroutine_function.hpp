// framework/include/pyasync/bridge/coroutine_function.hpp: a C++ coroutine function as an `async def` of Python's.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <source_location>
#include <utility>

#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/py/function.hpp>

namespace pyasync {

/// How the coroutines of `coroutine_function` run.
struct coroutine_options {
    /// Begin on the thread of the event loop, with the GIL, and go to the libuv loop with the first wait: what need not
    /// wait (a value from a cache) crosses no threads. What comes before the first wait must not block.
    bool inline_start = false;
};

namespace detail {

/// The source of the locals of tasks that have begun away from home: null where no event loop runs on this thread.
[[nodiscard]] locals_ref running_locals_or_none() noexcept;

/// Those that the task has taken already, or else the running loop's; throws where there is none.
[[nodiscard]] task_locals locals_of_running(py::python py, task_context& context);

/// A task that a Python coroutine object will run, whatever it returns. Under the GIL. It has no owner of its own: one
/// of `start` and `destroy` is to be called, once.
struct cold_task {
    /// What `start` leads to: its value, or a Future that stands for what is under way.
    struct progress {
        bool ended;
        py::bound value;
    };
    struct operations {
        progress (*start)(cold_task&, py::python);
        void (*destroy)(cold_task&) noexcept;
    };

    std::coroutine_handle<> body;
    const operations* type;
    coroutine_options how;
    std::source_location where;

    /// Throws what the task throws at once.
    [[nodiscard]] progress start(py::python py) { return type->start(*this, py); }
    void destroy() noexcept { type->destroy(*this); }
};

template <typename T>
struct cold_task_of {
    [[nodiscard]] static task<T> take(cold_task& cold) noexcept {
        return task<T>(task_handle<T>::from_address(cold.body.address()));
    }
    static void destroy(cold_task& cold) noexcept { cold.body.destroy(); }
    static cold_task::progress start(cold_task& cold, py::python py) {
        if (!cold.how.inline_start) return {false, future_into_py(py, take(cold), cold.where)};
        const auto running =
            root<T>::launch_here(take(cold), uv::loop_pool::instance().next(), &running_locals_or_none, cold.where);
        if (running->done()) {
            if (running->outcome.failed()) throw_as_python(py, *running, running->outcome.take_error());
            return {true, take_for_python<T>(py, *running)};
        }
        try {
            const task_locals locals = locals_of_running(py, running->context());
            py::bound future = make_python_future(py, running, &take_for_python<T>, locals);
            running->go_home();
            return {false, std::move(future)};
        } catch (...) {
            running->give_up(std::current_exception());
            throw;
        }
    }
    static constexpr cold_task::operations operations{&start, &destroy};
};

/// The coroutine object; `name` is the function's.
[[nodiscard]] py::bound make_coroutine_object(py::python py, const cold_task& body, const py::object& name);

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
        : name_(std::move(name)), function_(std::move(function)), how_(how), where_(where) {}

    cold_coroutine<T> operator()(Args... args) {
        return {function_(std::forward<Args>(args)...), how_, where_, &name_};
    }

private:
    py::object name_;
    Function function_;
    coroutine_options how_;
    std::source_location where_;
};

}  // namespace detail

namespace py {

template <typename T>
struct converter<pyasync::detail::cold_coroutine<T>> {
    static bound to_python(python py, pyasync::detail::cold_coroutine<T>&& cold) {
        const pyasync::detail::cold_task body{cold.body.release(), &pyasync::detail::cold_task_of<T>::operations,
                                              cold.how, cold.where};
        return pyasync::detail::make_coroutine_object(py, body, *cold.name);
    }
};

}  // namespace py

/// Makes a Python function of a C++ coroutine function, which behaves as an `async def` does.
///
///     py::bound fetch = pyasync::coroutine_function(py, "fetch", &cached_fetch, {.inline_start = true});
///
/// Calling it converts the arguments and makes a coroutine object; the C++ task starts when that is first stepped: by
/// `await`, `asyncio.run`, a Task. The object has `send`, `throw`, `close` and `__await__`, and warns where it was
/// never awaited. **Thread.** Made, called and destroyed under the GIL; the task runs on a libuv loop (from the start,
/// or from its first wait: `inline_start`), with the running event loop and a copy of the current context as its
/// locals.
/// **Cancellation.** What cancels the awaiting Task cancels the C++ task, as a Future of `future_into_py`. **Errors.**
/// A `TypeError` for wrong arguments, at the call; `RuntimeError: no running event loop` where it has to wait and there
/// is none; awaiting it twice is a RuntimeError. **Ownership.** The Python function owns `function`.
template <typename Function>
[[nodiscard]] py::bound coroutine_function(py::python py, const char* name, Function&& function,
                                           coroutine_options how = {}, const char* doc = "",
                                           const std::source_location& where = std::source_location::current()) {
    using types = py::detail::signature<std::decay_t<Function>>;
    using maker = detail::coroutine_maker<std::decay_t<Function>, typename types::result, typename types::arguments>;
    return py::function(py, name, maker(py.value(name).unbind(), std::forward<Function>(function), how, where), doc);
}

}  // namespace pyasync
