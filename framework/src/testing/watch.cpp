// framework/src/testing/watch.cpp: making a module of watch.py, and taking its hooks off again.
// SPDX-License-Identifier: MIT
#include "watch.hpp"

#include <doctest/doctest.h>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::testing::detail {

py::bound watch_tools(py::python py) {
    constexpr const char* name = "_pyasync_testing";
    static bool made = false;
    if (made) return py.import(name);
    const py::bound code =
        py::bound::steal(py, Py_CompileString(watch_source, "<pyasync/testing/watch.py>", Py_file_input));
    py::bound module = py::bound::steal(py, PyImport_ExecCodeModule(name, code.ptr()));
    py::register_exception<doctest::detail::TestFailureException>(
        [](py::python here, const doctest::detail::TestFailureException&) {
            return here.import(name).attr("FailedAssertion")();
        });
    made = true;
    return module;
}

python_watch::python_watch(const py::bound& tools) : watch_(tools.attr("Watch")()) {}

python_watch::~python_watch() {
    try {
        watch_.call_method("end");
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(watch_.py()));
        PyErr_WriteUnraisable(watch_.ptr());
    }
}

}  // namespace pyasync::testing::detail
