// framework/src/bridge/fork_hook.hpp: what is done in every child that this process forks off.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/convert.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Has Python call `function` there, on the child's main thread; for good, so that it is to be said once. `function` takes
/// no arguments, and has to outlive Python.
inline void call_in_forked_children(py::python py, PyMethodDef& function) {
    const py::bound hook = py::bound::steal(py, PyCFunction_New(&function, nullptr));
    py.import("os").attr("register_at_fork")(py::kw("after_in_child") = hook);
}

}  // namespace pyasync::detail
