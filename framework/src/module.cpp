// framework/src/module.cpp: how an extension module comes to life.
// SPDX-License-Identifier: MIT
#include <pyasync/module.hpp>

#include <pyasync/bridge/channel_into_py.hpp>
#include <pyasync/extension.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync {

void module_::put(const char* name, const py::bound& function) {
    function.set_attr("__module__", self_.attr("__name__"));
    self_.set_attr(name, function);
}

PyObject* detail::make_module(PyModuleDef& definition, void (*body)(module_&)) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        stop_at_exit(py);
        py::bound made = py::bound::steal(py, PyModule_Create(&definition));
        const auto name = made.attr("__name__").to<std::string>();
        py::detail::name_errors_in(name);
        made.set_attr("CppError", py::bound::borrow(py, py::detail::cpp_error_type(py)));
        made.set_attr("ChannelClosed", py::bound::borrow(py, py::detail::channel_closed_type(py)));
        made.set_attr("Channel", py::bound::borrow(py, channel_type(py)));
        module_ building(made);
        body(building);
        return made.release();
    } catch (...) {
        py::detail::set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

}  // namespace pyasync
