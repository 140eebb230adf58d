// framework/include/pyasync/py/let_go.hpp: giving up references, whatever their finalisers do.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <pyasync/py/into_python.hpp>
#include <pyasync/py/python.hpp>

namespace pyasync::py::detail {

/// Gives up an owned reference, or null. The last one runs a finaliser, which is a call into Python like any other: it
/// may give up the GIL, and want it back when Python has begun to end. With the GIL.
template <typename Object>
void let_go(Object* owned) noexcept {
    if (owned != nullptr) into_python([owned] { Py_DECREF(owned); });
}

/// The same with what a field has; the finaliser finds the field empty.
template <typename Object>
void clear(Object*& field) noexcept {
    let_go(std::exchange(field, nullptr));
}

/// The same, and the field has `owned` then.
inline void replace(PyObject*& field, PyObject* owned) noexcept { let_go(std::exchange(field, owned)); }

}  // namespace pyasync::py::detail
