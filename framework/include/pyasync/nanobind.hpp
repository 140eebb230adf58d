// framework/include/pyasync/nanobind.hpp: functions and methods bound by nanobind that return a task<T>.
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <utility>

#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/lasting_call.hpp>
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

template <typename T>
py::bound take_for_nanobind(py::python py, future_state_base& state) {
    result<T>& outcome = static_cast<future_state<T>&>(state).outcome;
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    if constexpr (std::is_void_v<T>) {
        outcome.take();
        return py.none();
    } else {
        return py::bound::steal(py, nanobind::cast(outcome.take()).release().ptr());
    }
}

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
            if (self != nullptr) {
                auto kept = std::make_shared<pyasync::py::object>(pyasync::py::bound::borrow(py, self).unbind());
                body = pyasync::detail::run_keeping(std::move(kept), std::move(body));
            }
            return pyasync::coroutine_into_py<T, &pyasync::detail::take_for_nanobind<T>>(py, std::move(body), "task")
                .release();
        } catch (...) {
            pyasync::py::detail::set_raised_from(py, std::current_exception());
            return handle();
        }
    }
};

}  // namespace nanobind::detail
