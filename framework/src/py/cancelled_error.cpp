// framework/src/py/cancelled_error.cpp: a cancellation that comes from Python, and its message.
// SPDX-License-Identifier: MIT
#include <pyasync/py/cancelled_error.hpp>

#include <string>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::py {
namespace {

bool has_message(const bound& error) noexcept {
    PyObject* const arguments = reinterpret_cast<PyBaseExceptionObject*>(error.ptr())->args;
    return arguments != nullptr && PyTuple_GET_SIZE(arguments) != 0;
}

std::string report_of(const bound& error) {
    std::string report = cancelled().what();
    if (!has_message(error)) return report;
    try {
        return report + ": " + error.str();
    } catch (const python_error&) {
        return report;  // its str() has failed
    }
}

}  // namespace

struct cancelled_error::state {
    object value;
    std::string report;
};

cancelled_error cancelled_error::fetch(python py) {
    const bound value = detail::take_raised(py);
    return cancelled_error(std::make_shared<const state>(state{value.unbind(), report_of(value)}));
}

const char* cancelled_error::what() const noexcept { return state_->report.c_str(); }

const object& cancelled_error::value() const noexcept { return state_->value; }

void detail::add_message(const bound& cancelled_error, PyObject* message) noexcept {
    if (message == nullptr || has_message(cancelled_error)) return;
    PyObject* const arguments = PyTuple_Pack(1, message);
    if (arguments == nullptr || PyObject_SetAttrString(cancelled_error.ptr(), "args", arguments) < 0) PyErr_Clear();
    let_go(arguments);
}

}  // namespace pyasync::py
