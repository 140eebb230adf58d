// framework/include/pyasync/pybind11.hpp: functions and methods bound by pybind11 that return a task<T>.
// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <utility>

#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/lasting_call.hpp>
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

template <typename T>
py::bound take_for_pybind11(py::python py, future_state_base& state) {
    result<T>& outcome = static_cast<future_state<T>&>(state).outcome;
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    if constexpr (std::is_void_v<T>) {
        outcome.take();
        return py.none();
    } else {
        return py::bound::steal(py, pybind11::cast(outcome.take()).release().ptr());
    }
}

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
            if (self) {
                auto kept = std::make_shared<pyasync::py::object>(pyasync::py::bound::borrow(py, self.ptr()).unbind());
                body = pyasync::detail::run_keeping(std::move(kept), std::move(body));
            }
            return pyasync::coroutine_into_py<T, &pyasync::detail::take_for_pybind11<T>>(py, std::move(body), "task")
                .release();
        } catch (...) {
            pyasync::py::detail::set_raised_from(py, std::current_exception());
            throw error_already_set();
        }
    }
};

}  // namespace pybind11::detail
