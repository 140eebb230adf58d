// framework/src/bridge/call.cpp: finding what a name stands for.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/call.hpp>

#include <unordered_map>
#include <vector>

#include <pyasync/py/error.hpp>
#include <pyasync/py/into_python.hpp>

namespace pyasync::detail {
namespace {

/// A name, taken apart into Python strings once.
struct parsed_target {
    py::object module;
    std::vector<py::object> attributes;
};

py::object interned(py::python py, const std::string& text) {
    PyObject* name =
        py::bound::steal(py, PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()))).release();
    PyUnicode_InternInPlace(&name);
    return py::bound::steal(py, name).unbind();
}

parsed_target parse(py::python py, const std::string& target) {
    const std::size_t colon = target.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == target.size()) {
        py::detail::raise(py, PyExc_ValueError, "a Python function is named as module:qualname, not '" + target + "'");
    }
    parsed_target parsed{interned(py, target.substr(0, colon)), {}};
    for (std::size_t begin = colon + 1; begin != 0;) {
        const std::size_t end = target.find('.', begin);
        parsed.attributes.push_back(interned(py, target.substr(begin, end - begin)));
        begin = end == std::string::npos ? 0 : end + 1;
    }
    return parsed;
}

/// Under the GIL. What the names mean is looked up each time, as Python does it; only their spelling is kept.
const parsed_target& parsed(py::python py, const std::string& target) {
    static auto* const known = new std::unordered_map<std::string, parsed_target>;
    const auto found = known->find(target);
    if (found != known->end()) return found->second;
    return known->emplace(target, parse(py, target)).first->second;
}

py::bound attribute_of(py::bound found, const parsed_target& names, std::size_t from) {
    for (std::size_t i = from; i < names.attributes.size(); ++i) {
        found = py::bound::steal(found.py(), PyObject_GetAttr(found.ptr(), names.attributes[i].ptr()));
    }
    return found;
}

}  // namespace

py::bound resolve(py::python py, const std::string& target) {
    const parsed_target& names = parsed(py, target);
    // A module that is there, and has the attribute, needs no import; one that another thread is just importing does.
    if (PyObject* const loaded = PyDict_GetItemWithError(PyImport_GetModuleDict(), names.module.ptr())) {
        PyObject* const first = PyObject_GetAttr(loaded, names.attributes.front().ptr());
        if (first != nullptr) return attribute_of(py::bound::steal(py, first), names, 1);
    }
    PyErr_Clear();
    return attribute_of(
        py::bound::steal(py, py::detail::into_python([&] { return PyImport_Import(names.module.ptr()); })), names, 0);
}

}  // namespace pyasync::detail
