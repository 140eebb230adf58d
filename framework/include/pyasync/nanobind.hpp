// framework/include/pyasync/nanobind.hpp: functions and methods bound by nanobind that return a task<T>.
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include <pyasync/bridge/bound_coroutine.hpp>
#include <pyasync/extension.hpp>

// With this header, `m.def("fetch", &fetch)` and `.def("fetch", &session::fetch)` take functions that return a
// `pyasync::task<T>`; Python gets a coroutine object, as of an `async def`. nanobind converts the arguments and the
// `T`.
//
// **Ownership.** The first argument, the object of a method, lives until the coroutine has ended. Other arguments are
// nanobind's, and gone when the call returns, before the coroutine runs: a coroutine takes them by value (a bound class
// as a std::shared_ptr, or as a copy). **Errors.** As of all coroutines of the framework; nanobind's own translators
// are not asked, `pyasync::py::register_exception` adds to ours.

namespace pyasync::detail {

struct nanobind_values {
    template <typename T>
    [[nodiscard]] static PyObject* to_python(T&& value) {
        return nanobind::cast(std::forward<T>(value)).release().ptr();
    }
};

}  // namespace pyasync::detail

namespace nanobind::detail {

template <typename T>
struct type_caster<pyasync::task<T>> {
    using Value = pyasync::task<T>;
    static constexpr auto Name =
        const_name("collections.abc.Coroutine[typing.Any, typing.Any, ") + make_caster<T>::Name + const_name("]");

    static handle from_cpp(pyasync::task<T>&& body, rv_policy, cleanup_list* call) noexcept {
        const pyasync::py::python py = pyasync::py::detail::token_maker::make();
        try {
            pyasync::detail::stop_at_exit(py);
            PyObject* const self = call == nullptr ? nullptr : call->self();
            return pyasync::detail::make_bound_coroutine<T, pyasync::detail::nanobind_values>(py, std::move(body), self)
                .release();
        } catch (...) {
            pyasync::py::detail::set_raised_from(py, std::current_exception());
            return handle();
        }
    }
};

}  // namespace nanobind::detail
