// framework/include/pyasync/bridge/bound_coroutine.hpp: coroutines of functions that another library has bound.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/lasting_call.hpp>

namespace pyasync::detail {

/// Takes the result of a task; `Values::to_python(value)` makes Python's of it, as the library does: a new reference.
template <typename T, typename Values>
py::bound take_by(py::python py, future_state_base& state) {
    result<T>& outcome = static_cast<future_state<T>&>(state).outcome;
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    if constexpr (std::is_void_v<T>) {
        return py.none();
    } else {
        return py::bound::steal(py, Values::to_python(outcome.take()));
    }
}

/// The coroutine object of a bound function that has returned `body`. `self`, where it is not null, lives until that
/// has ended: a method's object, for as long as Python or C++ works with it.
template <typename T, typename Values>
[[nodiscard]] py::bound make_bound_coroutine(py::python py, task<T> body, PyObject* self) {
    if (self != nullptr) {
        auto kept = std::make_shared<py::object>(py::bound::borrow(py, self).unbind());
        body = run_keeping(std::move(kept), std::move(body));
    }
    return coroutine_into_py<T, &take_by<T, Values>>(py, std::move(body), "task");
}

}  // namespace pyasync::detail
