// tests/standalone/spare_fast.cpp: the extension module spare.fast, as an archive.
// SPDX-License-Identifier: MIT
#include <pyasync/py/python.hpp>

namespace {

PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(42); }

int execute(PyObject* module) { return PyModule_AddStringConstant(module, "how", "linked"); }

PyMethodDef functions[] = {{"answer", &answer, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(&execute)}, {0, nullptr}};
PyModuleDef definition{.m_base = PyModuleDef_HEAD_INIT,
                       .m_name = "spare.fast",
                       .m_doc = nullptr,
                       .m_size = 0,
                       .m_methods = functions,
                       .m_slots = slots,
                       .m_traverse = nullptr,
                       .m_clear = nullptr,
                       .m_free = nullptr};

}  // namespace

extern "C" PyObject* PyInit_spare_fast();
PyObject* PyInit_spare_fast() { return PyModuleDef_Init(&definition); }
