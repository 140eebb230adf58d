// framework/include/pyasync/py/function.hpp: a C++ function as a Python one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/py/arguments.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/parameter.hpp>

namespace pyasync::py {

namespace detail {

/// A callable of any type, behind one call: borrowed arguments in, a new reference out.
class function_body {
public:
    function_body(const char* name, parameter_list parameters) : name_(name), parameters_(std::move(parameters)) {}
    function_body(const function_body&) = delete;
    function_body& operator=(const function_body&) = delete;
    virtual ~function_body() = default;

    /// As many values as there are parameters.
    [[nodiscard]] virtual bound call(python py, std::span<PyObject* const> values) = 0;

    /// The Python types of the parameters and, last, of the result; what is not known is empty.
    [[nodiscard]] virtual std::vector<std::string> annotations() const = 0;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const parameter_list& parameters() const noexcept { return parameters_; }

private:
    std::string name_;
    parameter_list parameters_;
};

/// What Python is told of a function.
struct function_traits {
    const char* doc = "";
    bool coroutine = false;  ///< it is to Python what an `async def` is
};

/// The function object; it belongs to no module yet.
[[nodiscard]] bound make_function(python py, std::unique_ptr<function_body> body, const function_traits& traits);

template <typename>
inline constexpr bool never = false;

/// The parameters and the result of a function.
template <typename Function>
struct signature {
    static_assert(never<Function>,
                  "a function for Python has one signature: give the parameters of a generic lambda types");
};
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

/// How many arguments Python gives to a function.
template <typename Function>
inline constexpr std::size_t arity_of =
    std::tuple_size_v<typename parameters<typename signature<std::decay_t<Function>>::arguments>::given>;

template <typename Function>
class function_of final : public function_body {
public:
    static_assert(!std::is_member_function_pointer_v<Function>,
                  "a method needs its object: wrap it in a lambda, or bind the class with nanobind or pybind11");

    function_of(python py, const char* name, const std::vector<parameter>& named, Function function)
        : function_body(name, parameter_list(py, arity_of<Function>, named)), function_(std::move(function)) {}

    [[nodiscard]] bound call(python py, std::span<PyObject* const> values) override {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            // Braces: the arguments are converted in their order.
            std::tuple<std::decay_t<std::tuple_element_t<I, given>>...> converted{
                argument<std::decay_t<std::tuple_element_t<I, given>>>(py, values[I], I)...};
            return std::apply([&](auto&... value) { return invoke(py, std::move(value)...); }, converted);
        }(std::make_index_sequence<std::tuple_size_v<given>>{});
    }

    [[nodiscard]] std::vector<std::string> annotations() const override {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return std::vector<std::string>{annotation_of<std::decay_t<std::tuple_element_t<I, given>>>()...,
                                            annotation_of<std::decay_t<typename types::result>>()};
        }(std::make_index_sequence<std::tuple_size_v<given>>{});
    }

private:
    using types = signature<Function>;
    using taken = detail::parameters<typename types::arguments>;
    using given = typename taken::given;

    template <typename T>
    [[nodiscard]] T argument(python py, PyObject* value, std::size_t index) const {
        static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, const char*>,
                      "a view of a text outlives the text here: take a std::string, or a const std::string&");
        return with_subject(
            py, [&] { return name() + "() argument " + this->parameters().described(index); },
            [&] { return bound::borrow(py, value).to<T>(); });
    }

    template <typename... Args>
    [[nodiscard]] bound invoke(python py, Args&&... args) {
        static_assert(
            std::is_invocable_v<Function&, Args...> || std::is_invocable_v<Function&, python, Args...>,
            "an argument that Python gives cannot be changed in place: take it by value, or by const reference");
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
///     py::bound connect = py::function(py, "connect", &connect, "Connects.", {"host", py::arg("port") = 80});
///
/// Its arguments are converted by `converter<T>`; a first parameter of type `py::python` is the token, and none of
/// Python's. With names, arguments are positional or keyword ones; without, positional only. A `task<T>` that it
/// returns starts at once and is something that Python awaits (`coroutine_function` is lazy, as `async def` is). It is
/// to Python what a function of its own is: it has a signature, a `__dict__`, is bound as a method where it is an
/// attribute of a class, and can be pickled by its name. **Thread.** Made, called and destroyed under the GIL.
/// **Errors.** In Python: the `TypeError` of a Python function for arguments that do not fit the parameters, and one
/// that names the argument for a wrong type; what `function` throws, as `to_python_exception` says. Here:
/// `std::logic_error` where the number of names is wrong. **Ownership.** The Python function owns `function`.
template <typename Function>
[[nodiscard]] bound function(python py, const char* name, Function&& function, const char* doc = "",
                             const std::vector<parameter>& named = {}) {
    return detail::make_function(py,
                                 std::make_unique<detail::function_of<std::decay_t<Function>>>(
                                     py, name, named, std::forward<Function>(function)),
                                 {.doc = doc});
}

}  // namespace pyasync::py
