// framework/src/py/ending.cpp: threads, atexit, streams.
// SPDX-License-Identifier: MIT
#include <pyasync/py/ending.hpp>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::py::detail {

bool is_imported(python py, const char* module) {
    return PyDict_GetItemString(py.import("sys").attr("modules").ptr(), module) != nullptr;
}

void flush_streams(python py) noexcept {
    for (const char* const stream : {"stdout", "stderr"}) {
        try {
            py.import("sys").attr(stream).call_method("flush");
        } catch (const python_error&) {
            // It is closed, or nobody reads it.
        }
    }
}

void end_without_taking_apart(python py) noexcept {
    try {
        if (is_imported(py, "threading")) py.import("threading").attr("_shutdown")();
        py.import("atexit").attr("_run_exitfuncs")();
    } catch (const python_error& error) {
        set_raised(error.value().bind(py));
        PyErr_WriteUnraisable(nullptr);
    }
    flush_streams(py);
}

}  // namespace pyasync::py::detail
