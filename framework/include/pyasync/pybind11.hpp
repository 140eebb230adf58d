// framework/include/pyasync/pybind11.hpp: functions and methods bound by pybind11 that return a task<T>.
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include <pyasync/bridge/bound_coroutine.hpp>
#include <pyasync/extension.hpp>

// With this header, `m.def("fetch", &fetch)` and `.def("fetch", &session::fetch)` take functions that return a
// `pyasync::task<T>`; Python gets a coroutine object, as of an `async def`. pybind11 converts the arguments and the
// `T`.
//
// **Ownership.** The first argument, the object of a method, lives until the coroutine has ended. Other arguments are
// pybind11's, and gone when the call returns, before the coroutine runs: a coroutine takes them by value (a bound class
// as a std::shared_ptr, or as a copy). **Errors.** As of all coroutines of the framework; pybind11's own translators
// are not asked, `pyasync::py::register_exception` adds to ours.

namespace pyasync::detail {

struct pybind11_values {
    template <typename T>
    [[nodiscard]] static PyObject* to_python(T&& value) {
        return pybind11::cast(std::forward<T>(value)).release().ptr();
    }
};

}  // namespace pyasync::detail

namespace pybind11::detail {

template <typename T>
class type_caster<pyasync::task<T>> {
public:
    static constexpr auto name = const_name("collections.abc.Coroutine[typing.Any, typing.Any, ") +
                                 make_caster<std::conditional_t<std::is_void_v<T>, void_type, T>>::name +
                                 const_name("]");

    static handle cast(pyasync::task<T>&& body, return_value_policy, handle self) {
        const pyasync::py::python py = pyasync::py::detail::token_maker::make();
        try {
            pyasync::detail::stop_at_exit(py);
            return pyasync::detail::make_bound_coroutine<T, pyasync::detail::pybind11_values>(py, std::move(body),
                                                                                              self.ptr())
                .release();
        } catch (...) {
            pyasync::py::detail::set_raised_from(py, std::current_exception());
            throw error_already_set();
        }
    }
};

}  // namespace pybind11::detail
