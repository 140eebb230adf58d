// framework/src/standalone/archive_module.cpp: the functions of the module _pyasync_archive.
// SPDX-License-Identifier: MIT
#include "archive_module.hpp"

#include <stdexcept>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/object.hpp>

#include "extensions.hpp"
#include "unpacked.hpp"

namespace pyasync::detail {
namespace {

const archive* contents = nullptr;

/// Nothing where it is no string; Python has an error set then.
std::optional<std::string_view> text_of(PyObject* object) noexcept {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text != nullptr) return std::string_view(text, static_cast<std::size_t>(size));
    // A name with a lone surrogate, which no module has.
    if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) return std::nullopt;
    PyErr_Clear();
    return std::string_view();
}

PyObject* bytes_of(std::string_view data) noexcept {
    return PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size()));
}

PyObject* string_of(std::string_view text) noexcept {
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

/// None, where there is no such module.
template <typename Function>
PyObject* with_module(PyObject* name, Function&& function) noexcept {
    const auto wanted = text_of(name);
    if (!wanted) return nullptr;
    const auto found = contents->find_module(*wanted);
    if (!found || found->kind == archive::kind::library) Py_RETURN_NONE;
    return function(*found);
}

PyObject* find(PyObject*, PyObject* name) noexcept {
    return with_module(name, [](const archive::module& found) {
        return Py_BuildValue("is#", static_cast<int>(found.kind), found.file.data(),
                             static_cast<Py_ssize_t>(found.file.size()));
    });
}

/// What `function` makes of bytes of the archive's, unpacked.
template <typename Function>
PyObject* of_unpacked(std::string_view stored, bool is_packed, Function&& function) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        return function(unpacked(py, stored, is_packed).data());
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
        return nullptr;
    }
}

PyObject* code(PyObject*, PyObject* name) noexcept {
    return with_module(name, [](const archive::module& found) -> PyObject* {
        if (found.code.empty()) Py_RETURN_NONE;
        return of_unpacked(found.code, found.is_packed, [](std::string_view marshalled) {
            return PyMarshal_ReadObjectFromString(marshalled.data(), static_cast<Py_ssize_t>(marshalled.size()));
        });
    });
}

PyObject* source(PyObject*, PyObject* name) noexcept {
    return with_module(name, [](const archive::module& found) -> PyObject* {
        if (found.code.empty() && found.kind != archive::kind::frozen) Py_RETURN_NONE;
        return of_unpacked(found.source, found.has_packed_source, &bytes_of);
    });
}

PyObject* why(PyObject*, PyObject* name) noexcept {
    return with_module(name, [](const archive::module& found) { return string_of(found.needs); });
}

/// CPython loads it from the path that its spec has as its origin; the extension may ask for the rest of it.
PyObject* create(py::python py, const py::bound& spec, const std::string& path) {
    const py::bound type = py.import("_frozen_importlib").attr("ModuleSpec");
    const py::bound here = type(spec.attr("name"), spec.attr("loader"), py::kw("origin") = path);
    here.set_attr("submodule_search_locations", spec.attr("submodule_search_locations"));
    return py.import("_imp").attr("create_dynamic")(here).release();
}

PyObject* load(PyObject*, PyObject* given) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        const py::bound spec = py::bound::borrow(py, given);
        const auto name = spec.attr("name").to<std::string>();
        const auto found = contents->find_module(name);
        if (!found) throw std::runtime_error("no extension module " + name + " in this executable");
        return create(py, spec, load_extension(py, *contents, *found));
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_ImportError, error.what());
    }
    return nullptr;
}

PyObject* data(PyObject*, PyObject* file) noexcept {
    const auto wanted = text_of(file);
    if (!wanted) return nullptr;
    const auto found = contents->find_file(*wanted);
    if (!found) Py_RETURN_NONE;
    return bytes_of(found->data);
}

/// A list of the names from the first one that begins with `prefix` to the last.
template <typename NameAt>
PyObject* listed(PyObject* prefix, std::size_t (archive::*first)(std::string_view) const, std::size_t end,
                 NameAt&& name_at) noexcept {
    const auto wanted = text_of(prefix);
    PyObject* const list = wanted ? PyList_New(0) : nullptr;
    if (list == nullptr) return nullptr;
    for (std::size_t index = (contents->*first)(*wanted); index != end; ++index) {
        const std::string_view name = name_at(index);
        if (!name.starts_with(*wanted)) break;
        if (name.empty()) continue;
        PyObject* const text = string_of(name);
        const bool added = text != nullptr && PyList_Append(list, text) == 0;
        py::detail::let_go(text);
        if (!added) {
            py::detail::let_go(list);
            return nullptr;
        }
    }
    return list;
}

PyObject* names(PyObject*, PyObject* prefix) noexcept {
    return listed(prefix, &archive::first_module, contents->modules(), [](std::size_t index) {
        const archive::module found = contents->module_at(index);
        return found.kind == archive::kind::library ? std::string_view() : found.name;
    });
}

PyObject* files(PyObject*, PyObject* prefix) noexcept {
    return listed(prefix, &archive::first_file, contents->files(),
                  [](std::size_t index) { return contents->file_at(index).name; });
}

PyObject* initialise() noexcept {
    static PyMethodDef functions[] = {
        {"find", &find, METH_O, nullptr},   {"code", &code, METH_O, nullptr},   {"source", &source, METH_O, nullptr},
        {"why", &why, METH_O, nullptr},     {"load", &load, METH_O, nullptr},   {"data", &data, METH_O, nullptr},
        {"names", &names, METH_O, nullptr}, {"files", &files, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
    static PyModuleDef definition{.m_base = PyModuleDef_HEAD_INIT,
                                  .m_name = "_pyasync_archive",
                                  .m_doc = "The modules and files that this executable has in it.",
                                  .m_size = -1,
                                  .m_methods = functions,
                                  .m_slots = nullptr,
                                  .m_traverse = nullptr,
                                  .m_clear = nullptr,
                                  .m_free = nullptr};
    return PyModule_Create(&definition);
}

}  // namespace

void add_archive_module(const archive& from) noexcept {
    contents = &from;
    PyImport_AppendInittab("_pyasync_archive", &initialise);
}

}  // namespace pyasync::detail
