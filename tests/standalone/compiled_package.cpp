// tests/standalone/compiled_package.cpp: a package whose __init__ is an extension module, set up as Cython does it.
// SPDX-License-Identifier: MIT
#include <pyasync/py/python.hpp>

namespace {

/// A module that takes from its spec which package it is.
PyObject* create(PyObject* spec, PyModuleDef*) {
    PyObject* const name = PyObject_GetAttrString(spec, "name");
    PyObject* const parent = PyObject_GetAttrString(spec, "parent");
    PyObject* made = name == nullptr || parent == nullptr ? nullptr : PyModule_NewObject(name);
    if (made != nullptr && PyObject_SetAttrString(made, "__package__", parent) != 0) Py_CLEAR(made);
    Py_XDECREF(name);
    Py_XDECREF(parent);
    return made;
}

/// from . import inner
int execute(PyObject* module) {
    PyObject* const names = Py_BuildValue("[s]", "inner");
    PyObject* const self =
        names == nullptr ? nullptr : PyImport_ImportModuleLevel("", PyModule_GetDict(module), nullptr, names, 1);
    PyObject* const inner = self == nullptr ? nullptr : PyObject_GetAttrString(self, "inner");
    const int status = inner == nullptr ? -1 : PyObject_SetAttrString(module, "inner", inner);
    Py_XDECREF(inner);
    Py_XDECREF(self);
    Py_XDECREF(names);
    return status;
}

PyModuleDef_Slot slots[] = {
    {Py_mod_create, reinterpret_cast<void*>(&create)}, {Py_mod_exec, reinterpret_cast<void*>(&execute)}, {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "compiled", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_compiled() { return PyModuleDef_Init(&definition); }
