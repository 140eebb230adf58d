// framework/include/pyasync/py/function.hpp: a C++ function as a Python one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/py/convert.hpp>

namespace pyasync::py {

namespace detail {

/// A callable of any type, behind one call: borrowed arguments in, a new reference out.
class function_body {
public:
    function_body(const char* name, const char* doc) : name_(name), doc_(doc) {}
    function_body(const function_body&) = delete;
    function_body& operator=(const function_body&) = delete;
    virtual ~function_body() = default;

    [[nodiscard]] virtual bound call(python py, std::span<PyObject* const> values) = 0;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& doc() const noexcept { return doc_; }

private:
    std::string name_;
    std::string doc_;
};

[[nodiscard]] bound make_function(python py, std::unique_ptr<function_body> body);

/// A TypeError as a Python function raises it.
void require_count(python py, const std::string& name, std::size_t expected, std::size_t given);

template <typename Signature>
struct signature;
template <typename R, typename... Args>
struct signature<R(Args...)> {
    using result = R;
    using arguments = std::tuple<Args...>;
};
template <typename R, typename... Args>
struct signature<R (*)(Args...)> : signature<R(Args...)> {};
template <typename R, typename... Args>
struct signature<R (*)(Args...) noexcept> : signature<R(Args...)> {};
template <typename C, typename R, typename... Args>
struct signature<R (C::*)(Args...)> : signature<R(Args...)> {};
template <typename C, typename R, typename... Args>
struct signature<R (C::*)(Args...) const> : signature<R(Args...)> {};
template <typename C, typename R, typename... Args>
struct signature<R (C::*)(Args...) noexcept> : signature<R(Args...)> {};
template <typename C, typename R, typename... Args>
struct signature<R (C::*)(Args...) const noexcept> : signature<R(Args...)> {};
template <typename Function>
    requires requires { &Function::operator(); }
struct signature<Function> : signature<decltype(&Function::operator())> {};

/// The parameters that Python gives: all but a leading `py::python`.
template <typename Arguments>
struct parameters {
    static constexpr bool token = false;
    using given = Arguments;
};
template <typename... Args>
struct parameters<std::tuple<python, Args...>> {
    static constexpr bool token = true;
    using given = std::tuple<Args...>;
};

template <typename Function>
class function_of final : public function_body {
public:
    function_of(const char* name, const char* doc, Function function)
        : function_body(name, doc), function_(std::move(function)) {}

    [[nodiscard]] bound call(python py, std::span<PyObject* const> values) override {
        using given = typename taken::given;
        require_count(py, name(), std::tuple_size_v<given>, values.size());
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            // Braces: the arguments are converted in their order.
            std::tuple<std::decay_t<std::tuple_element_t<I, given>>...> converted{
                argument<std::decay_t<std::tuple_element_t<I, given>>>(py, values[I], I)...};
            return std::apply([&](auto&... value) { return invoke(py, std::move(value)...); }, converted);
        }(std::make_index_sequence<std::tuple_size_v<given>>{});
    }

private:
    using types = signature<Function>;
    using taken = parameters<typename types::arguments>;

    template <typename T>
    [[nodiscard]] T argument(python py, PyObject* value, std::size_t index) const {
        return with_subject(
            py, [&] { return name() + "() argument " + std::to_string(index + 1); },
            [&] { return bound::borrow(py, value).to<T>(); });
    }

    template <typename... Args>
    [[nodiscard]] bound invoke(python py, Args&&... args) {
        const auto result = [&]() -> typename types::result {
            if constexpr (taken::token) {
                return function_(py, std::forward<Args>(args)...);
            } else {
                return function_(std::forward<Args>(args)...);
            }
        };
        if constexpr (std::is_void_v<typename types::result>) {
            result();
            return py.none();
        } else {
            return py.value(result());
        }
    }

    Function function_;
};

}  // namespace detail

/// Makes a Python function of a C++ one.
///
///     py::bound twice = py::function(py, "twice", [](int n) { return 2 * n; });
///     co_await pyasync::call("example:apply", py::function(...));   // within on_asyncio
///
/// Its parameters are positional, converted by `converter<T>`; a first parameter of type `py::python` is the token. A
/// `task<T>` that it returns starts at once and is something that Python awaits. **Thread.** Made, called and destroyed
/// under the GIL. **Errors.** In Python: a `TypeError` for a wrong number or type of arguments; what `function` throws,
/// as `to_python_exception` says. **Ownership.** The Python function owns `function`.
template <typename Function>
[[nodiscard]] bound function(python py, const char* name, Function&& function, const char* doc = "") {
    return detail::make_function(
        py, std::make_unique<detail::function_of<std::decay_t<Function>>>(name, doc, std::forward<Function>(function)));
}

}  // namespace pyasync::py
