// tests/bench/limits/embedded_python.hpp: an interpreter for as long as it lives, and owned references.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <pyasync/py/python.hpp>
#include <stdexcept>

namespace limits {

struct drop_reference {
    void operator()(PyObject* object) const { Py_DECREF(object); }
};

using owned = std::unique_ptr<PyObject, drop_reference>;

/// Takes over a new reference. Where there is none, Python's error is printed, and an exception thrown.
inline owned steal(PyObject* object) {
    if (object == nullptr) {
        PyErr_Print();
        throw std::runtime_error("a call of Python's failed");
    }
    return owned(object);
}

inline long as_long(PyObject* object) {
    const long value = PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred() != nullptr) {
        PyErr_Print();
        throw std::runtime_error("Python's value is no integer");
    }
    return value;
}

/// Python in this thread, which holds the GIL from here on.
class embedded_python {
public:
    embedded_python() { Py_InitializeEx(0); }
    embedded_python(const embedded_python&) = delete;
    embedded_python& operator=(const embedded_python&) = delete;
    ~embedded_python() { Py_FinalizeEx(); }

    /// A module made of source code.
    static owned module_of(const char* name, const char* code) {
        const owned compiled = steal(Py_CompileString(code, name, Py_file_input));
        return steal(PyImport_ExecCodeModule(name, compiled.get()));
    }
};

}  // namespace limits
