// framework/include/pyasync/bridge/on_asyncio.hpp: running a function where Python is at home.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

template <typename T, typename Function>
class on_asyncio_awaiter final : public asyncio_awaiter {
public:
    on_asyncio_awaiter(Function function, task_context& context, const std::source_location& where)
        : asyncio_awaiter(context, where), function_(std::move(function)) {}

    T await_resume() {
        if (outcome_.failed()) fail(outcome_.error());
        return outcome_.take();
    }

private:
    void serve(py::python py) noexcept override {
        set_from(outcome_, [&]() -> T {
            const acting_for task(shared_locals());
            const entered_context entered(py, locals().context(py));
            return std::move(function_)(py);
        });
        finish();
    }
    void cancel_served(py::python) noexcept override {}  // serving it has finished it
    void refused() noexcept override { outcome_.set_error(loop_closed_error()); }

    Function function_;
    result<T> outcome_;
};

template <typename Function>
struct on_asyncio_operation {
    Function function;

    using value_type = std::invoke_result_t<Function, py::python>;
    [[nodiscard]] on_asyncio_awaiter<value_type, Function> awaiter_in(task_context& context,
                                                                     const std::source_location& where) && {
        return {std::move(function), context, where};
    }
};

}  // namespace detail

/// Runs `function(py::python)` on the asyncio thread and gives its result back here.
///
///     auto version = co_await pyasync::on_asyncio([](auto py) { return py.import("sys").attr("version").to<std::string>(); });
///
/// **Thread.** `function` runs on the thread of the task's event loop, with the GIL, in the task's context; it must not
/// block, since asyncio waits meanwhile. The task continues at its own home. **Cancellation.** `function` is short and
/// runs to its end; the cancellation is thrown by the next wait. **Errors.** What `function` throws; `std::runtime_error`
/// where the task has no event loop or it is closed. **Ownership.** `function` is moved in. Its result must make sense
/// without the GIL: `unbind()` a `bound`, or convert it; anything else does not compile.
template <typename Function>
[[nodiscard]] detail::on_asyncio_operation<std::decay_t<Function>> on_asyncio(Function&& function) {
    py::detail::require_free_of_gil<std::invoke_result_t<std::decay_t<Function>, py::python>>();
    return {std::forward<Function>(function)};
}

}  // namespace pyasync
