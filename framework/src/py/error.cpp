// framework/src/py/error.cpp: python_error: what is known of a Python exception where the GIL is not held.
// SPDX-License-Identifier: MIT
#include <pyasync/py/error.hpp>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::py {
namespace {

/// How deep this thread is in what reports say: one may raise what has to be reported in turn.
thread_local int reports_within = 0;

/// What str(), repr() or an attribute says, or a stand-in where it raises: an error's report must not fail.
template <typename Function>
std::string or_else(const char* stand_in, Function&& ask) {
    struct level {
        level() noexcept { ++reports_within; }
        level(const level&) = delete;
        level& operator=(const level&) = delete;
        ~level() { --reports_within; }
    } const here;
    constexpr int most = 16;  // members of groups within groups are told so, too
    if (reports_within > most) return stand_in;
    try {
        return ask();
    } catch (const python_error&) {
        return stand_in;
    }
}

void add_class_names(PyTypeObject* type, std::vector<std::string>& names) {
    const bound named = bound::borrow(detail::token_maker::make(), reinterpret_cast<PyObject*>(type));
    names.push_back(or_else(type->tp_name, [&] { return named.attr("__name__").to<std::string>(); }));
    names.push_back(or_else("", [&] {
        return named.attr("__module__").to<std::string>() + "." + named.attr("__qualname__").to<std::string>();
    }));
}

std::string frames_of(const bound& exception) {
    std::string text;
    for (bound entry = exception.attr("__traceback__"); !entry.is_none(); entry = entry.attr("tb_next")) {
        if (text.empty()) text = "Traceback (most recent call last):\n";
        const bound code = entry.attr("tb_frame").attr("f_code");
        text += "  File \"" + code.attr("co_filename").str() + "\", line " + entry.attr("tb_lineno").str() + ", in " +
                code.attr("co_name").str() + "\n";
    }
    return text;
}

std::string notes_of(const bound& exception) {
    std::string text;
    if (!exception.has_attr("__notes__")) return text;
    for (const bound& note : exception.attr("__notes__")) text.append("\n").append(note.str());
    return text;
}

/// The name of its class, as Python prints it before the message.
std::string printed_type(const bound& exception) {
    std::vector<std::string> names;
    add_class_names(Py_TYPE(exception.ptr()), names);
    const std::string& qualified = names[1];
    const bool plain = qualified.empty() || qualified.starts_with("builtins.") || qualified.starts_with("__main__.");
    return plain ? names[0] : qualified;
}

/// The exceptions that a report has already, so that none comes twice as the cause of another.
using shown = std::vector<PyObject*>;

std::string members_of(const bound& group, int depth, shown& all);

/// What an exception says of itself.
std::string own_report(const bound& exception, int depth, shown& all) {
    std::string report = or_else("", [&] { return frames_of(exception); }) + printed_type(exception);
    const std::string message = or_else("<exception str() failed>", [&] { return exception.str(); });
    if (!message.empty()) report += ": " + message;
    report += or_else("", [&] { return notes_of(exception); });
    if (PyErr_GivenExceptionMatches(exception.ptr(), PyExc_BaseExceptionGroup) != 0) {
        report += or_else("", [&] { return members_of(exception, depth + 1, all); });
    }
    return report;
}

/// The exception that Python prints before this one, or null; and what it prints between the two.
std::pair<PyObject*, const char*> printed_before(PyObject* exception) noexcept {
    PyObject* before = PyException_GetCause(exception);
    const char* reason = "\n\nThe above exception was the direct cause of the following exception:\n\n";
    if (before == nullptr && reinterpret_cast<PyBaseExceptionObject*>(exception)->suppress_context == 0) {
        before = PyException_GetContext(exception);
        reason = "\n\nDuring handling of the above exception, another exception occurred:\n\n";
    }
    return {before, reason};
}

/// What it says, behind what the exceptions say that it came from.
std::string full_report(const bound& exception, int depth, shown& all) {
    std::vector<std::pair<bound, const char*>> earlier;
    all.push_back(exception.ptr());
    for (PyObject* latest = exception.ptr();;) {
        const auto [before, reason] = printed_before(latest);
        if (before == nullptr) break;
        const bound kept = bound::steal(exception.py(), before);
        if (std::ranges::find(all, before) != all.end()) break;
        all.push_back(before);
        earlier.emplace_back(kept, reason);
        latest = before;
    }
    std::string report;
    for (const auto& [one, reason] : earlier | std::views::reverse) {
        report += own_report(one, depth, all) + reason;
    }
    return report + own_report(exception, depth, all);
}

/// The reports of a group's members, one below the other; no more of them, and no more levels, than Python prints.
std::string members_of(const bound& group, int depth, shown& all) {
    constexpr int deepest = 10;
    constexpr Py_ssize_t most = 15;
    const std::string_view rule = " ----------------";
    if (depth > deepest) return "\n  | ...";
    std::string text;
    const bound members = group.attr("exceptions");
    const Py_ssize_t count = PyTuple_GET_SIZE(members.ptr());
    for (Py_ssize_t i = 0; i < std::min(count, most); ++i) {
        const bound member = bound::borrow(group.py(), PyTuple_GET_ITEM(members.ptr(), i));
        text.append("\n  +---------------- ").append(std::to_string(i + 1)).append(rule);
        const std::string report = full_report(member, depth, all);
        for (const auto line : report | std::views::split('\n')) {
            text.append("\n  | ").append(line.begin(), line.end());
        }
    }
    if (count > most) {
        text.append("\n  +---------------- ...").append(rule);
        text += "\n  | and " + std::to_string(count - most) + " more exception" + (count == most + 1 ? "" : "s");
    }
    return text + "\n  +------------------------------------";
}

}  // namespace

struct python_error::state {
    object value;
    std::string report;
    std::vector<std::string> class_names;

    explicit state(const bound& exception) : value(exception.unbind()) {
        PyObject* const bases = Py_TYPE(exception.ptr())->tp_mro;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); ++i) {
            add_class_names(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i)), class_names);
        }
        shown all;
        report = full_report(exception, 0, all);
    }
};

bound detail::take_raised(python py) {
#if PY_VERSION_HEX >= 0x030C0000
    return bound::steal(py, PyErr_GetRaisedException());
#else
    PyObject* type = nullptr;
    PyObject* raised = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &raised, &traceback);
    PyErr_NormalizeException(&type, &raised, &traceback);
    if (traceback != nullptr) PyException_SetTraceback(raised, traceback);
    detail::let_go(type);
    detail::let_go(traceback);
    return bound::steal(py, raised);
#endif
}

python_error python_error::fetch(python py) { return from(detail::take_raised(py)); }

python_error python_error::from(const bound& value) { return python_error(std::make_shared<const state>(value)); }

const char* python_error::what() const noexcept { return state_->report.c_str(); }

bool python_error::matches(std::string_view type) const noexcept {
    return std::ranges::find(state_->class_names, type) != state_->class_names.end();
}

const object& python_error::value() const noexcept { return state_->value; }

void detail::throw_python_error(python py) {
    // Null without an exception is no failure of Python's.
    if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_SystemError, "pyasync: an empty py::object has nothing to bind");
    }
    throw python_error::fetch(py);
}

void detail::set_raised(const bound& value) noexcept { raise_object(value.ptr()); }

void detail::set_raised_from(python py, const std::exception_ptr& error) noexcept {
    set_raised(to_python_exception(py, error));
}

PyObject* detail::raise_object(PyObject* value) noexcept {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(value)), value);
    return nullptr;
}

void detail::raise(python py, PyObject* type, const std::string& message) {
    PyErr_SetString(type, message.c_str());
    throw_python_error(py);
}

void detail::rethrow_with_subject(python py, const std::string& subject, const python_error& error) {
    const bound value = error.value().bind(py);
    // One with a traceback was raised by Python code of the callee's: it passes as it is.
    if (!value.attr("__traceback__").is_none()) throw error;
    auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(value.ptr()));
    if (type == PyExc_TypeError || type == PyExc_OverflowError || type == PyExc_ValueError ||
        type == PyExc_BufferError) {
        raise(py, type, subject + ": " + value.str());
    }
    throw error;
}

}  // namespace pyasync::py
