// framework/include/pyasync/bridge/on_asyncio.hpp: running a function where Python is at home.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/core/closure.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

template <typename T, typename Function, typename... Args>
class on_asyncio_awaiter final : public asyncio_awaiter {
public:
    on_asyncio_awaiter(Function function, std::tuple<Args...> args, task_context& context,
                       const std::source_location& where)
        : asyncio_awaiter(context, where), function_(std::move(function)), arguments_(std::move(args)) {}

    T await_resume() {
        if (outcome_.failed()) fail(outcome_.error());
        return outcome_.take();
    }

private:
    void serve(py::python py) noexcept override {
        set_from(outcome_, [&]() -> T {
            const acting_for task(shared_locals());
            const entered_context entered(py, locals().context(py));
            return std::apply([&](Args&... args) -> T { return std::move(function_)(py, std::move(args)...); },
                              arguments_);
        });
        finish();
    }
    void cancel_served(py::python) noexcept override {}  // serving it has finished it
    void describe(task_report& into) const override { this->describe_as("a function on asyncio's thread", into); }
    void refused() noexcept override { outcome_.set_error(loop_closed_error()); }
    [[nodiscard]] std::exception_ptr failure() const noexcept override { return outcome_.failure(); }

    Function function_;
    std::tuple<Args...> arguments_;
    result<T> outcome_;
};

template <typename Function, typename... Args>
class on_asyncio_operation {
public:
    using value_type = std::invoke_result_t<Function, py::python, Args...>;

    on_asyncio_operation(Function function, std::tuple<Args...> args)
        : function_(std::move(function)), arguments_(std::move(args)) {}

    [[nodiscard]] on_asyncio_awaiter<value_type, Function, Args...> awaiter_in(task_context& context,
                                                                               const std::source_location& where) && {
        return {std::move(function_), std::move(arguments_), context, where};
    }

private:
    Function function_;
    std::tuple<Args...> arguments_;
};

}  // namespace detail

/// Runs `function(py::python, args...)` on the asyncio thread and gives its result back here.
///
///     const auto get_pid = [](py::python py) { return py.import("os").attr("getpid")().to<int>(); };
///     int pid = co_await pyasync::on_asyncio(get_pid);
///
/// **Thread.** `function` runs on the thread of the task's event loop, with the GIL, in the task's context; it must not
/// block, since asyncio waits meanwhile. The task continues at its own home. **Cancellation.** `function` is short and
/// runs to its end; the cancellation is thrown by the next wait. **Errors.** What `function` throws;
/// `std::runtime_error` where the task has no event loop or it is closed. **Ownership.** `function` and its arguments
/// are moved or copied in. Its result must make sense without the GIL: `unbind()` a `bound`, or convert it; anything
/// else does not compile.
template <typename Function, typename... Args>
[[nodiscard]] detail::on_asyncio_operation<std::decay_t<Function>, std::decay_t<Args>...> on_asyncio(
    Function&& function, Args&&... args) {
    detail::require_closure_survives_co_await<Function>();
    (detail::require_value_survives_co_await<Args>(), ...);
    py::detail::require_free_of_gil<std::invoke_result_t<std::decay_t<Function>, py::python, std::decay_t<Args>...>>();
    return {std::forward<Function>(function), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
}

}  // namespace pyasync
