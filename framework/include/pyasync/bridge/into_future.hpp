// framework/include/pyasync/bridge/into_future.hpp: a Python awaitable as a C++ future.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <source_location>
#include <utility>

#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/python_await.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

/// The request that carries the awaitable to its loop, and the state that the future waits on.
template <typename T>
class awaited_python final : public future_state<T>, asyncio_request, python_await {
public:
    awaited_python(const py::bound& awaitable, ref<task_locals_state> locals) noexcept
        : asyncio_request(std::move(locals)), awaitable_(awaitable.unbind()) {}

    /// Begins now where there is an event loop, else when a task that has one awaits it.
    [[nodiscard]] static ref<awaited_python> launch(const py::bound& awaitable, ref<task_locals_state> locals) {
        require_awaitable(awaitable);
        auto made = make_ref<awaited_python>(awaitable, std::move(locals));
        if (made->shared_locals()) made->begin();
        return made;
    }

    void awaited_in(task_context& context) override {
        if (shared_locals()) return;
        set_locals(locals_of(context));
        begin();
        if (cancelled_early_) send_cancel();
    }
    void cancel() noexcept override {
        if (shared_locals()) {
            send_cancel();
        } else {
            cancelled_early_ = true;
        }
    }
    void abandon() noexcept override {
        abandoned_.store(true, std::memory_order_relaxed);
        cancel();
    }

private:
    ~awaited_python() override = default;

    void begin() noexcept {
        this->add_ref();  // it holds on to itself while it runs
        send(nullptr);
    }
    void serve(py::python py) noexcept override {
        const py::bound awaitable = std::move(awaitable_).bind(py);
        start(py, awaitable, locals());
    }
    void cancel_served(py::python py) noexcept override {
        abandoned_.load(std::memory_order_relaxed) ? abandon_await(py) : cancel_await(py);
    }
    [[nodiscard]] bool has_waiter() const noexcept override { return this->awaited(); }
    void refused() noexcept override { this->outcome.set_error(loop_closed_error()); }
    void came_home() noexcept override {
        this->complete();
        this->release();
    }
    void returned(py::python py, const py::bound& value) noexcept override {
        set_from(this->outcome, [&]() -> T {
            return py::detail::with_subject(
                py, [] { return std::string("result of the awaitable"); }, [&]() -> T { return value.to<T>(); });
        });
        finish();
    }
    void raised(py::python, std::exception_ptr error) noexcept override {
        this->outcome.set_error(std::move(error));
        finish();
    }

    py::object awaitable_;
    std::atomic<bool> abandoned_{false};
    bool cancelled_early_ = false;  ///< before it could begin; by its only owner
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
