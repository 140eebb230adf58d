// framework/src/bridge/call.cpp: finding what a name stands for.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/call.hpp>

#include <unordered_map>
#include <vector>

#include <pyasync/py/error.hpp>

namespace pyasync::detail {
namespace {

/// A name, taken apart into Python strings once.
struct parsed_target {
    py::object module;
    std::vector<py::object> attributes;
};

py::object interned(py::python py, const std::string& text) {
    PyObject* name = py::bound::steal(py, PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())))
                         .release();
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

}  // namespace

py::bound resolve(py::python py, const std::string& target) {
    const parsed_target& names = parsed(py, target);
    PyObject* const loaded = PyImport_GetModule(names.module.ptr());
    if (loaded == nullptr && PyErr_Occurred() != nullptr) py::detail::throw_python_error(py);
    py::bound found = py::bound::steal(py, loaded != nullptr ? loaded : PyImport_Import(names.module.ptr()));
    for (const py::object& name : names.attributes) {
        found = py::bound::steal(py, PyObject_GetAttr(found.ptr(), name.ptr()));
    }
    return found;
}

}  // namespace pyasync::detail
