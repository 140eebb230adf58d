// framework/include/pyasync/bridge/call.hpp: calling a Python function by name, from a C++ task.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/python_await.hpp>
#include <pyasync/core/closure.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

/// What "module:qualname" names; imports the module. Throws `python_error`: ValueError for another form,
/// ModuleNotFoundError, AttributeError.
[[nodiscard]] py::bound resolve(py::python py, const std::string& target);

/// How an argument travels: by value, and text as a string of its own.
template <typename T>
using carried = std::conditional_t<std::is_convertible_v<std::decay_t<T>, std::string_view> &&
                                       !std::is_same_v<std::decay_t<T>, std::string>,
                                   std::string, std::decay_t<T>>;

template <typename T, typename... Args>
class call_awaiter final : public asyncio_awaiter, python_await {
public:
    call_awaiter(std::string target, std::tuple<Args...> args, task_context& context, const std::source_location& where)
        : asyncio_awaiter(context, where), target_(std::move(target)), arguments_(std::move(args)) {}

    T await_resume() {
        if (outcome_.failed()) fail(outcome_.error());
        return outcome_.take();
    }

private:
    void serve(py::python py) noexcept override {
        try {
            const py::bound result = invoke(py);
            if (is_awaitable(result.ptr())) return start(py, result, locals());
            returned(py, result);
        } catch (...) {
            raised(py, std::current_exception());
        }
    }

    [[nodiscard]] py::bound invoke(py::python py) {
        const acting_for task(shared_locals());
        const entered_context entered(py, locals().context(py));
        const py::bound callable = resolve(py, target_);
        return py::detail::with_subject(
            py, [this] { return "call of " + target_; },
            [&] { return std::apply([&](Args&... args) { return callable(std::move(args)...); }, arguments_); });
    }

    void returned(py::python py, const py::bound& value) noexcept override {
        set_from(outcome_, [&]() -> T {
            return py::detail::with_subject(
                py, [this] { return "result of " + target_; }, [&]() -> T { return value.to<T>(); });
        });
        finish();
    }
    void raised(py::python, std::exception_ptr error) noexcept override {
        outcome_.set_error(std::move(error));
        finish();
    }
    void cancel_served(py::python py) noexcept override { cancel_await(py); }
    [[nodiscard]] bool has_waiter() const noexcept override { return true; }
    void refused() noexcept override { outcome_.set_error(loop_closed_error()); }

    std::string target_;
    std::tuple<Args...> arguments_;
    result<T> outcome_;
};

template <typename T, typename... Args>
struct call_operation {
    std::string target;
    std::tuple<Args...> args;

    using value_type = T;
    [[nodiscard]] call_awaiter<T, Args...> awaiter_in(task_context& context, const std::source_location& where) && {
        return {std::move(target), std::move(args), context, where};
    }
};

}  // namespace detail

/// Calls a Python function, awaits what it returns if that can be awaited, and gives the outcome as a `T`.
///
///     co_await pyasync::call("asyncio:sleep", 0.1);
///     auto body = co_await pyasync::call<std::string>("example:fetch", "https://localhost/", py::kw("retries") = 3);
///
/// The name is `module:qualname`, imported at the time of the call. **Thread.** Any loop thread, without the GIL: the
/// call is made, and arguments and result are converted, on the asyncio thread, in the task's context; the task
/// continues at its home. **Cancellation.** Cancels the Python side, and continues when that has ended: with
/// `cancelled`, or with its result where it does not let itself be cancelled. **Errors.** What Python raises, as
/// `python_error`, or as `cancelled` for a CancelledError; a missing module, a missing attribute and a value that does
/// not convert, with their names; `std::runtime_error` where the task has no event loop. **Ownership.** Arguments are
/// moved or copied in; text is copied.
template <typename T = py::object, typename... Args>
[[nodiscard]] detail::call_operation<T, detail::carried<Args>...> call(std::string_view target, Args&&... args) {
    py::detail::require_free_of_gil<T>();
    (detail::require_value_survives_co_await<Args>(), ...);
    return {std::string(target), std::tuple<detail::carried<Args>...>(std::forward<Args>(args)...)};
}

}  // namespace pyasync
