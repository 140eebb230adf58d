// framework/src/py/function.cpp: CPython's function object around a C++ callable.
// SPDX-License-Identifier: MIT
#include <pyasync/py/function.hpp>

namespace pyasync::py::detail {
namespace {

/// What a Python function of ours refers to: its definition and its body.
struct holder {
    std::unique_ptr<function_body> body;
    PyMethodDef definition;
};

holder* held_by(PyObject* capsule) noexcept { return static_cast<holder*>(PyCapsule_GetPointer(capsule, nullptr)); }

PyObject* call_body(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count) noexcept {
    const python py = token_maker::make();
    try {
        return held_by(capsule)->body->call(py, {arguments, static_cast<std::size_t>(count)}).release();
    } catch (...) {
        set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

}  // namespace

bound make_function(python py, std::unique_ptr<function_body> body) {
    auto owned = std::make_unique<holder>();
    owned->definition = {body->name().c_str(), reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&call_body)),
                         METH_FASTCALL, body->doc().c_str()};
    owned->body = std::move(body);
    PyMethodDef* const definition = &owned->definition;
    const bound capsule =
        bound::steal(py, PyCapsule_New(owned.get(), nullptr, [](PyObject* dying) { delete held_by(dying); }));
    static_cast<void>(owned.release());
    return bound::steal(py, PyCFunction_New(definition, capsule.ptr()));
}

void require_count(python py, const std::string& name, std::size_t expected, std::size_t given) {
    if (given == expected) return;
    raise(py, PyExc_TypeError,
          name + "() takes " + std::to_string(expected) + " positional argument" + (expected == 1 ? "" : "s") +
              " but " + std::to_string(given) + (given == 1 ? " was" : " were") + " given");
}

}  // namespace pyasync::py::detail
