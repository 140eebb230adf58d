// framework/include/pyasync/py/error.hpp: Python's exceptions in C++, and C++'s in Python.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>

#include <pyasync/py/object.hpp>

namespace pyasync::py {

/// A Python exception that is under way in C++.
///
/// It owns the exception object: let it go back to Python and the same object arrives, with its traceback grown by the
/// C++ frames that it passed. **Thread.** Made under the GIL; copied, inspected and destroyed on any thread, none of
/// which needs the GIL.
class python_error final : public std::exception {
public:
    /// Takes the exception that Python has set on this thread; there must be one.
    [[nodiscard]] static python_error fetch(python py);

    /// `value` as if it had been raised here; it must be an instance of BaseException.
    [[nodiscard]] static python_error from(const bound& value);

    /// The traceback, as Python prints it but without source lines; last, the type, the message and the notes. The
    /// exceptions that it came from stand before it, the members of a group below it.
    [[nodiscard]] const char* what() const noexcept override;

    /// Is it an instance of the class of that name, or of a class derived from it? The name is given alone
    /// (`"ValueError"`, `"TimeoutError"`) or with its module (`"asyncio.exceptions.CancelledError"`).
    [[nodiscard]] bool matches(std::string_view type) const noexcept;

    /// The exception object itself.
    [[nodiscard]] const object& value() const noexcept;

private:
    struct state;
    explicit python_error(std::shared_ptr<const state> content) noexcept : state_(std::move(content)) {}

    std::shared_ptr<const state> state_;
};

/// How an exception of type `T` shows in Python: `translate(py, error)` returns the Python exception to raise. Later
/// registrations are asked first, all of them before the built-in rules; `T` matches derived classes, too. Any thread.
template <typename T>
void register_exception(std::function<bound(python, const T&)> translate);

/// The Python exception that stands for a C++ one, not raised yet:
/// `python_error`, `cancelled_error`: the exception it holds; any other `cancelled`: asyncio.CancelledError; `timed_out`: TimeoutError;
/// `channel_closed`: pyasync.ChannelClosed;
/// `exception_group`: ExceptionGroup, or BaseExceptionGroup where it has to be one; `std::invalid_argument`,
/// `domain_error`: ValueError; `out_of_range`: IndexError; `overflow_error`: OverflowError; `bad_alloc`: MemoryError;
/// `system_error`, `uv::error`: OSError, of the subclass that belongs to its errno; what `register_exception` knows;
/// any other: pyasync.CppError with the type's name and `what()`. What `std::throw_with_nested` has put into it is its
/// `__cause__`.
[[nodiscard]] bound to_python_exception(python py, const std::exception_ptr& error);

namespace detail {

/// The exception that Python has set on this thread, with its traceback, which is set no longer; there must be one.
[[nodiscard]] bound take_raised(python py);

/// Throws the Python exception that is set on this thread.
[[noreturn]] void throw_python_error(python py);

/// `raise type(message)`, as `python_error`.
[[noreturn]] void raise(python py, PyObject* type, const std::string& message);

[[noreturn]] void rethrow_with_subject(python py, const std::string& subject, const python_error& error);

/// Puts C++ frames before the traceback of an exception; `passed` is innermost first.
void add_frames(const bound& exception, std::span<const std::source_location> passed) noexcept;

/// `RuntimeError(message) from exception`.
[[nodiscard]] bound caused_by(const bound& exception, const std::string& message);

/// A frame with a place but no code: what a traceback needs. A new reference; null with an exception set.
[[nodiscard]] PyFrameObject* make_frame(const std::source_location& where, const char* name) noexcept;

/// The function's name out of what the compiler calls it in a coroutine.
[[nodiscard]] std::string function_name(const std::source_location& where);

/// CppError, made at first use; borrowed. It belongs to the module `pyasync` of an application, or to the extension
/// module that this library is a part of.
[[nodiscard]] PyObject* cpp_error_type(python py);
/// The same for ChannelClosed.
[[nodiscard]] PyObject* channel_closed_type(python py);
/// Says, before first use, which module that is.
void name_errors_in(const std::string& module);

/// The demangled name of a type.
[[nodiscard]] std::string type_name(const std::type_info& type);

/// Puts the exception that Python has set on this thread aside, if there is one, and sets it again at the end.
class set_aside {
public:
    set_aside() noexcept {
        if (PyErr_Occurred() == nullptr) return;
        empty_ = false;
#if PY_VERSION_HEX >= 0x030C0000
        value_ = PyErr_GetRaisedException();
#else
        PyErr_Fetch(&type_, &value_, &traceback_);
#endif
    }
    set_aside(const set_aside&) = delete;
    set_aside& operator=(const set_aside&) = delete;
    ~set_aside() {
        if (empty_ && PyErr_Occurred() == nullptr) return;
#if PY_VERSION_HEX >= 0x030C0000
        PyErr_SetRaisedException(value_);
#else
        PyErr_Restore(type_, value_, traceback_);
#endif
    }

private:
#if PY_VERSION_HEX < 0x030C0000
    PyObject* type_ = nullptr;
    PyObject* traceback_ = nullptr;
#endif
    PyObject* value_ = nullptr;
    bool empty_ = true;
};

/// Makes `value` the exception that Python has set on this thread.
void set_raised(const bound& value) noexcept;
/// The same for what C++ has thrown.
void set_raised_from(python py, const std::exception_ptr& error) noexcept;
/// The same for the end of a function of the C API: returns null.
PyObject* raise_object(PyObject* value) noexcept;

using translator = std::function<PyObject*(python, const std::exception_ptr&)>;
void add_translator(translator added);

/// One null check for all of the C API.
inline PyObject* raise_if_null(python py, PyObject* result) {
    if (result == nullptr) throw_python_error(py);
    return result;
}
inline void raise_if_negative(python py, int result) {
    if (result < 0) throw_python_error(py);
}

/// Runs `convert()`; where it throws a TypeError, an OverflowError or a ValueError, `subject()` is put before its
/// message.
template <typename Subject, typename Function>
decltype(auto) with_subject(python py, Subject&& subject, Function&& convert) {
    try {
        return std::forward<Function>(convert)();
    } catch (const python_error& error) {
        rethrow_with_subject(py, std::forward<Subject>(subject)(), error);
    }
}

}  // namespace detail

template <typename T>
void register_exception(std::function<bound(python, const T&)> translate) {
    detail::add_translator([translate = std::move(translate)](python py, const std::exception_ptr& error) -> PyObject* {
        try {
            std::rethrow_exception(error);
        } catch (const T& matching) {
            return translate(py, matching).release();
        } catch (...) {
            return nullptr;
        }
    });
}

}  // namespace pyasync::py
