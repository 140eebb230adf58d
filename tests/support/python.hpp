// tests/support/python.hpp: short ways to Python for the tests of its floor.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::test {

/// A fixture for cases that hold the GIL from their begin to their end: `py` is the token.
class with_python {
    const py::gil held_;

public:
    const py::python py = held_.token();

    /// The value of a Python expression.
    [[nodiscard]] py::bound evaluate(const std::string& expression) const {
        const py::bound builtins = py.import("builtins");
        return builtins.attr("eval")(expression, builtins.attr("dict")());
    }

    /// Runs Python statements as the module `__main__` of a file of that name; returns their variables, a dict.
    py::bound run(const std::string& statements, const char* file = "<test>") const {
        const py::bound builtins = py.import("builtins");
        const py::bound variables = builtins.attr("dict")(py::kw("__name__") = "__main__");
        builtins.attr("exec")(builtins.attr("compile")(statements, file, "exec"), variables);
        return variables;
    }
};

/// How many own the object.
[[nodiscard]] inline Py_ssize_t count_of(const py::bound& object) { return Py_REFCNT(object.ptr()); }

/// `what()` of the python_error that a function throws, or "nothing".
template <typename Function>
std::string error_of(Function&& function) {
    try {
        std::forward<Function>(function)();
    } catch (const py::python_error& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace pyasync::test
