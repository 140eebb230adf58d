// framework/include/pyasync/bridge/async_generator_function.hpp: a C++ generator function as one of Python's.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <pyasync/bridge/async_generator_into_py.hpp>
#include <pyasync/bridge/lasting_call.hpp>
#include <pyasync/py/function.hpp>

namespace pyasync {

namespace detail {

/// A generator that nobody has asked for an item yet, with what it refers to.
template <typename T>
struct cold_generator {
    async_generator<T> body;
    std::shared_ptr<const void> kept;
    std::source_location where;
};

template <typename Function, typename Generator, typename Arguments>
class generator_maker;

/// Calls `function`, which runs nothing yet.
template <typename Function, typename T, typename... Args>
class generator_maker<Function, async_generator<T>, std::tuple<Args...>> {
public:
    generator_maker(Function function, const std::source_location& where)
        : function_(std::make_shared<Function>(std::move(function))), where_(where) {}

    cold_generator<T> operator()(std::decay_t<Args>... args) {
        require_arguments_free_of_gil<Args...>();
        if constexpr (refers_to_call<Function, Args...>) {
            auto kept = std::make_shared<lasting_call<Function, Args...>>(function_, std::move(args)...);
            async_generator<T> body = (*kept)();
            return {std::move(body), std::move(kept), where_};
        } else {
            return {(*function_)(std::move(args)...), {}, where_};
        }
    }

private:
    std::shared_ptr<Function> function_;
    std::source_location where_;
};

}  // namespace detail

namespace py {

template <typename T>
struct converter<pyasync::detail::cold_generator<T>> {
    static std::string annotation() { return converter<async_generator<T>>::annotation(); }
    static bound to_python(python py, pyasync::detail::cold_generator<T>&& cold) {
        using feed = pyasync::detail::generator_feed_of<T>;
        return pyasync::detail::make_python_generator(
            py, pyasync::detail::make_ref<feed>(std::move(cold.body), pyasync::default_read_ahead, cold.where,
                                                std::move(cold.kept)));
    }
};

}  // namespace py

/// Makes a Python function of a C++ generator function: calling it gives what `async_generator_into_py` describes.
///
///     py::bound countdown = pyasync::async_generator_function(py, "countdown", &countdown, "Counts down.", {"from"});
///
/// **Thread, Errors, Ownership.** As with `coroutine_function`: what the generator refers to lives as long as it runs.
template <typename Function>
[[nodiscard]] py::bound async_generator_function(py::python py, const char* name, Function&& function,
                                                 const char* doc = "", const std::vector<py::parameter>& named = {},
                                                 const std::source_location& where = std::source_location::current()) {
    using types = py::detail::signature<std::decay_t<Function>>;
    using maker = detail::generator_maker<std::decay_t<Function>, typename types::result, typename types::arguments>;
    return py::function(py, name, maker(std::forward<Function>(function), where), doc, named);
}

}  // namespace pyasync
