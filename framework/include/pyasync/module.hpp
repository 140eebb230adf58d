// framework/include/pyasync/module.hpp: PYASYNC_MODULE, an extension module whose coroutines Python awaits.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/bridge/async_generator_function.hpp>
#include <pyasync/bridge/coroutine_function.hpp>
#include <pyasync/py/function.hpp>
#include <pyasync/py/object.hpp>
#include <pyasync/py/parameter.hpp>

namespace pyasync {

namespace detail {

template <typename T>
inline constexpr bool is_task = false;
template <typename T>
inline constexpr bool is_task<task<T>> = true;
template <typename T>
inline constexpr bool is_async_generator = false;
template <typename T>
inline constexpr bool is_async_generator<async_generator<T>> = true;

}  // namespace detail

/// A Python module that is being made: what `PYASYNC_MODULE` gives to its body.
///
/// **Thread.** The importing one, under the GIL. **Errors.** Whatever its functions throw fails the import.
class module_ {  // NOLINT(readability-identifier-naming): `module` is a keyword to be
public:
    explicit module_(py::bound module) noexcept : self_(std::move(module)) {}

    /// Adds a function. One that returns a `task<T>` is to Python what an `async def` is, one that returns an
    /// `async_generator<T>` what an `async def` with a `yield` is; any other runs at once, under the GIL.
    ///
    ///     m.def("add", [](int a, int b) { return a + b; });                                // positional only
    ///     m.def("sleep", &sleep, {"seconds"}, "Sleeps for that many seconds.");
    ///     m.def("connect", &connect, {"host", pyasync::arg("port") = 80}, "Connects to a server.");
    ///     m.def("lookup", &lookup, {"key"}, "Looks a key up.", {.inline_start = true});
    ///
    /// See `coroutine_function`, `async_generator_function` and `py::function`.
    template <typename Function>
    module_& def(const char* name, Function&& function,
                 const std::source_location& where = std::source_location::current()) {
        return add(name, std::forward<Function>(function), {}, "", {}, where);
    }
    // A template, so that a braced list is never taken for the text.
    template <typename Function, std::convertible_to<const char*> Text>
    module_& def(const char* name, Function&& function, Text doc, coroutine_options how = {},
                 const std::source_location& where = std::source_location::current()) {
        return add(name, std::forward<Function>(function), {}, doc, how, where);
    }
    template <typename Function, std::size_t Count>
    module_& def(const char* name, Function&& function, const py::parameter (&names)[Count], const char* doc = "",
                 coroutine_options how = {}, const std::source_location& where = std::source_location::current()) {
        static_assert(
            Count == py::detail::arity_of<Function>,
            "the number of names is not that of the function's parameters (a py::python is none of Python's)");
        return add(name, std::forward<Function>(function), std::vector<py::parameter>(names, names + Count), doc, how,
                   where);
    }

    /// An attribute: `m.attr("__version__") = "1.0"`, `m.attr("limits") = py.value(...)`.
    class attribute {
    public:
        template <typename T>
        void operator=(T&& value) const {
            self_.set_attr(name_, self_.py().value(std::forward<T>(value)));
        }
        [[nodiscard]] py::bound get() const { return self_.attr(name_); }

    private:
        friend class module_;
        attribute(py::bound module, const char* name) noexcept : self_(std::move(module)), name_(name) {}
        py::bound self_;
        const char* name_;
    };
    [[nodiscard]] attribute attr(const char* name) const { return {self_, name}; }

    /// The module's documentation.
    module_& doc(const char* text) {
        self_.set_attr("__doc__", py().value(text));
        return *this;
    }

    [[nodiscard]] const py::bound& object() const noexcept { return self_; }
    [[nodiscard]] py::python py() const noexcept { return self_.py(); }

private:
    template <typename Function>
    module_& add(const char* name, Function&& function, const std::vector<py::parameter>& names, const char* doc,
                 [[maybe_unused]] coroutine_options how, [[maybe_unused]] const std::source_location& where) {
        using result = typename py::detail::signature<std::decay_t<Function>>::result;
        if constexpr (detail::is_task<result>) {
            put(name, coroutine_function(py(), name, std::forward<Function>(function), how, doc, names, where));
        } else if constexpr (detail::is_async_generator<result>) {
            put(name, async_generator_function(py(), name, std::forward<Function>(function), doc, names, where));
        } else {
            put(name, py::function(py(), name, std::forward<Function>(function), doc, names));
        }
        return *this;
    }
    void put(const char* name, const py::bound& function);

    py::bound self_;
};

using py::arg;

namespace detail {

/// What `PyInit_NAME` returns: the module, or null with an exception set.
[[nodiscard]] PyObject* make_module(PyModuleDef& definition, void (*body)(module_&)) noexcept;

}  // namespace detail
}  // namespace pyasync

/// The extension module `name`, which is also the name of the file (`pyasync_add_module(name ...)`); `variable` is the
/// `pyasync::module_` of the body.
///
///     PYASYNC_MODULE(my_async_module, m) {
///         m.def("cpp_sleep", &cpp_sleep, {"seconds"}, "Sleep for that many seconds, then return 42.");
///     }
///
/// It works on any event loop that has `add_reader`, on several at once, in the main interpreter. Its libuv loop, on a
/// thread of its own, starts with the first task, and stops when Python exits. Each module has one: modules share
/// nothing but Python. What C++ throws that has no counterpart in Python is `name.CppError`; a closed channel raises
/// `name.ChannelClosed`, and `name.Channel` is the type of channels.
#define PYASYNC_MODULE(name, variable)                                                               \
    static void pyasync_module_body_##name(::pyasync::module_&);                                     \
    PyMODINIT_FUNC PyInit_##name() {                                                                 \
        static PyModuleDef definition{                                                               \
            PyModuleDef_HEAD_INIT, #name, nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr}; \
        return ::pyasync::detail::make_module(definition, &pyasync_module_body_##name);              \
    }                                                                                                \
    static void pyasync_module_body_##name([[maybe_unused]] ::pyasync::module_& variable)
