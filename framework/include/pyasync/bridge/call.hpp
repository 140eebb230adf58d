// framework/include/pyasync/bridge/call.hpp: calling a Python function by name, from a C++ task.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_future.hpp>
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

/// Which function is called, with what, and what is made of its result.
template <typename T, typename... Args>
class python_call {
public:
    python_call(std::string target, std::tuple<Args...> args)
        : target_(std::move(target)), arguments_(std::move(args)) {}

    /// Once: the arguments are used up.
    [[nodiscard]] py::bound operator()(py::python py) {
        const py::bound callable = resolve(py, target_);
        return py::detail::with_subject(
            py, [this] { return "call of " + target_; },
            [&] { return std::apply([&](Args&... args) { return callable(std::move(args)...); }, arguments_); });
    }

    /// What a report calls it; any thread.
    [[nodiscard]] std::string name() const { return "Python's " + target_; }

    void convert(py::python py, const py::bound& value, result<T>& outcome) const noexcept {
        set_from(outcome, [&]() -> T {
            return py::detail::with_subject(
                py, [this] { return "result of " + target_; }, [&]() -> T { return value.to<T>(); });
        });
    }

private:
    std::string target_;
    std::tuple<Args...> arguments_;
};

/// For `co_await call(...)`: the call in the awaiting task's name and context.
template <typename T, typename... Args>
class call_awaiter final : public asyncio_awaiter, python_await {
public:
    call_awaiter(python_call<T, Args...> call, task_context& context, const std::source_location& where)
        : asyncio_awaiter(context, where), call_(std::move(call)) {}

    T await_resume() {
        if (outcome_.failed()) fail(outcome_.error());
        return outcome_.take();
    }

private:
    void serve(py::python py) noexcept override {
        try {
            PyObject* const context = locals().context(py);
            std::optional<entered_context> entered(std::in_place, py, context);
            const py::bound value = [&] {
                const acting_for task(shared_locals());
                return call_(py);
            }();
            // An eager task factory enters it by itself.
            if (!locals().inbox().direct(py)) entered.reset();
            if (is_awaitable(value.ptr())) return start(py, value, locals().inbox(), context);
            returned(py, value);
        } catch (...) {
            raised(py, take_handled(py));
        }
    }
    void returned(py::python py, const py::bound& value) noexcept override {
        call_.convert(py, value, outcome_);
        finish();
    }
    void raised(py::python, std::exception_ptr error) noexcept override {
        outcome_.set_error(std::move(error));
        finish();
    }
    void cancel_served(py::python py) noexcept override {
        if (!cancel_await(py)) cancel_missed();
    }
    [[nodiscard]] bool has_waiter() const noexcept override { return true; }
    [[nodiscard]] report_id known_as() const noexcept override { return this->id(); }
    void describe(task_report& into) const override { this->describe_as(call_.name(), into); }
    void refused() noexcept override { outcome_.set_error(loop_closed_error()); }
    [[nodiscard]] std::exception_ptr failure() const noexcept override { return outcome_.failure(); }

    python_call<T, Args...> call_;
    result<T> outcome_;
};

/// For `spawn(call(...))`: the call in the name of a task that does nothing else, and so needs no coroutine. Its
/// context is a copy, made when the call is.
template <typename T, typename... Args>
class spawned_call final : public asyncio_future<T> {
public:
    spawned_call(python_call<T, Args...> call, ref<task_locals_state> parent) noexcept
        : asyncio_future<T>(std::move(parent)), call_(std::move(call)) {}

    void identify(reported_operation& into) const override { into.what = call_.name(); }

private:
    ~spawned_call() override = default;

    void serve(py::python py) noexcept override {
        try {
            const py::bound context = py::bound::steal(py, PyContext_Copy(this->locals().context(py)));
            std::optional<entered_context> entered(std::in_place, py, context.ptr());
            const py::bound value = [&] {
                const acting_for task(this->shared_locals(), context);
                return call_(py);
            }();
            if (!this->locals().inbox().direct(py)) entered.reset();
            if (is_awaitable(value.ptr())) return this->start(py, value, this->locals().inbox(), context.ptr());
            returned(py, value);
        } catch (...) {
            this->raised(py, take_handled(py));
        }
    }
    void returned(py::python py, const py::bound& value) noexcept override {
        call_.convert(py, value, this->outcome);
        this->finish();
    }

    python_call<T, Args...> call_;
};

template <typename T, typename... Args>
struct call_operation {
    python_call<T, Args...> call;

    using value_type = T;
    [[nodiscard]] call_awaiter<T, Args...> awaiter_in(task_context& context, const std::source_location& where) && {
        return {std::move(call), context, where};
    }
    [[nodiscard]] future<T> spawn_with(ref<task_locals_state> parent) && {
        auto made = make_ref<spawned_call<T, Args...>>(std::move(call), std::move(parent));
        made->launch();
        return future<T>(std::move(made));
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
    return {{std::string(target), std::tuple<detail::carried<Args>...>(std::forward<Args>(args)...)}};
}

}  // namespace pyasync
