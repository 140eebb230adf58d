// framework/include/pyasync/bridge/into_future.hpp: a Python awaitable as a C++ future.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <pyasync/bridge/asyncio_future.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

template <typename T>
class awaited_python final : public asyncio_future<T> {
public:
    awaited_python(const py::bound& awaitable, ref<task_locals_state> locals) noexcept
        : asyncio_future<T>(std::move(locals)), awaitable_(awaitable.unbind()) {}

    [[nodiscard]] static ref<awaited_python> launch(const py::bound& awaitable, ref<task_locals_state> locals) {
        require_awaitable(awaitable);
        auto made = make_ref<awaited_python>(awaitable, std::move(locals));
        made->asyncio_future<T>::launch();
        return made;
    }

    void identify(reported_operation& into) const override { into.what = "a Python awaitable"; }

private:
    ~awaited_python() override = default;

    void serve(py::python py) noexcept override {
        const py::bound awaitable = std::move(awaitable_).bind(py);
        this->start(py, awaitable, this->locals().inbox(), this->locals().context(py));
    }
    void returned(py::python py, const py::bound& value) noexcept override {
        set_from(this->outcome, [&]() -> T {
            return py::detail::with_subject(
                py, [] { return std::string("result of the awaitable"); }, [&]() -> T { return value.to<T>(); });
        });
        this->finish();
    }

    py::object awaitable_;
};

}  // namespace detail

/// Schedules a Python awaitable (coroutine, Task, Future, anything with `__await__`) and returns a handle on it.
///
///     pyasync::future<int> f = pyasync::with_gil([](auto py) {
///         return pyasync::into_future<int>(py.import("example").attr("answer")());
///     });
///     int n = co_await std::move(f);
///
/// It runs on the event loop of the current task, else on this thread's running loop, else on the application's; where
/// there is none yet, it begins when a task awaits it. **Thread.** Any that holds the GIL. **Cancellation.** By the
/// future; it ends when the Python side has. **Errors.** A `TypeError` at once where it cannot be awaited; by
/// `co_await` what Python raises (awaiting a coroutine a second time: Python's own RuntimeError). **Ownership.** Shares
/// the awaitable.
template <typename T = py::object>
[[nodiscard]] future<T> into_future(const py::bound& awaitable) {
    py::detail::require_free_of_gil<T>();
    return future<T>(detail::awaited_python<T>::launch(awaitable, detail::locals_here(awaitable.py())));
}

/// The same, on the loop and in the context of the given locals.
template <typename T = py::object>
[[nodiscard]] future<T> into_future(const task_locals& locals, const py::bound& awaitable) {
    py::detail::require_free_of_gil<T>();
    return future<T>(detail::awaited_python<T>::launch(awaitable, locals.state()));
}

}  // namespace pyasync
