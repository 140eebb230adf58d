// framework/include/pyasync/bridge/coroutine_into_py.hpp: a C++ task as a coroutine object of Python's.
// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <source_location>
#include <utility>

#include <pyasync/bridge/future_into_py.hpp>

namespace pyasync {

/// How a coroutine runs that Python awaits.
struct coroutine_options {
    /// Begin on the thread of the event loop, with the GIL, and go to the libuv loop with the first wait: what need not
    /// wait (a value from a cache) crosses no threads. What comes before the first wait must not block.
    bool inline_start = false;
};

namespace detail {

/// The source of the locals of tasks that have begun away from home: null where no event loop runs on this thread.
[[nodiscard]] locals_ref running_locals_or_none();

/// Those that the task has taken already, or else the running loop's; throws where there is none.
[[nodiscard]] task_locals locals_of_running(py::python py, task_context& context);

/// What a Python coroutine object will run: a task, whatever that returns, or something else that ends. Under the GIL. It
/// has no owner of its own: one of `start` and `destroy` is to be called, once; and where it is under way after
/// `start`, and its type has a `finish`, one of that and `destroy`.
struct cold_task {
    /// What `start` leads to: its value, or a Future that stands for what is under way.
    struct progress {
        bool ended;
        py::bound value;
    };
    struct operations {
        progress (*start)(cold_task&, py::python);
        /// What the coroutine returns when the Future has ended well. Null where that is what the Future has.
        py::bound (*finish)(cold_task&, py::python);
        void (*destroy)(cold_task&) noexcept;
    };

    void* body;
    const operations* type;
    coroutine_options how;
    std::source_location where;

    /// Throws what the task throws at once.
    [[nodiscard]] progress start(py::python py) { return type->start(*this, py); }
    [[nodiscard]] bool has_finish() const noexcept { return type->finish != nullptr; }
    [[nodiscard]] py::bound finish(py::python py) { return type->finish(*this, py); }
    void destroy() noexcept { type->destroy(*this); }
};

/// `Take` makes Python's value of what the task ends with.
template <typename T, take_result Take = &take_for_python<T>>
struct cold_task_of {
    [[nodiscard]] static task<T> take(cold_task& cold) noexcept {
        return task<T>(task_handle<T>::from_address(cold.body));
    }
    static void destroy(cold_task& cold) noexcept { static_cast<void>(take(cold)); }
    static cold_task::progress start(cold_task& cold, py::python py) {
        task<T> body = take(cold);
        if (!cold.how.inline_start) {
            const auto locals = common_locals(py);
            return {false, start_for_python(py, std::move(body), Take, locals.state(), cold.where)};
        }
        const auto running = root<T>::launch_here(std::move(body), uv::loop_pool::instance().next(),
                                                  &running_locals_or_none, cold.where);
        if (running->done()) {
            if (running->outcome.failed()) throw_as_python(py, *running, running->outcome.take_error());
            return {true, Take(py, *running)};
        }
        try {
            const task_locals locals = locals_of_running(py, running->context());
            py::bound future = make_python_future(py, running, Take, locals.state());
            running->go_home();
            return {false, std::move(future)};
        } catch (...) {
            running->give_up(std::current_exception());
            throw;
        }
    }
    static constexpr cold_task::operations operations{&start, nullptr, &destroy};
};

/// The coroutine object; `name` is the function's.
[[nodiscard]] py::bound make_coroutine_object(py::python py, const cold_task& body, const py::object& name);

}  // namespace detail

/// Makes a coroutine object of a task: lazy, it starts with its first step. `Take` is for adapters to other bindings.
///
///     py::bound waiting = pyasync::coroutine_into_py(py, cpp_sleep(1.0), "cpp_sleep");
///
/// See `coroutine_function`, which makes one at each call. **Thread.** Under the GIL. **Ownership.** Takes the task.
template <typename T, detail::take_result Take = &detail::take_for_python<T>>
[[nodiscard]] py::bound coroutine_into_py(py::python py, task<T> body, const char* name, coroutine_options how = {},
                                          const std::source_location& where = std::source_location::current()) {
    return detail::make_coroutine_object(
        py, detail::cold_task{body.release().address(), &detail::cold_task_of<T, Take>::operations, how, where},
        py.value(name).unbind());
}

}  // namespace pyasync
