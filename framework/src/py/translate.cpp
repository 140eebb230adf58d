// framework/src/py/translate.cpp: C++ exceptions, and the C++ frames they passed, as Python shows them.
// SPDX-License-Identifier: MIT
#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/channel_closed.hpp>
#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/py/cancelled_error.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::py {
namespace {

struct translators {
    std::mutex mutex;
    std::vector<detail::translator> registered;
};

translators& all_translators() {
    static auto* const only = new translators;
    return *only;
}

bound by_registration(python py, const std::exception_ptr& error) {
    std::vector<detail::translator> asked;
    {
        const std::lock_guard lock(all_translators().mutex);
        asked = all_translators().registered;
    }
    for (const detail::translator& translate : asked | std::views::reverse) {
        if (PyObject* const translated = translate(py, error)) return bound::steal(py, translated);
    }
    return py.none();
}

/// What `what()` says; what is not UTF-8 in it is replaced, since an exception must get through.
bound text_of(python py, const std::string& message) {
    return bound::steal(
        py, PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), /*errors=*/"replace"));
}

bound instance(python py, PyObject* type, const std::string& message) {
    return bound::borrow(py, type)(text_of(py, message));
}

bound os_error(python py, const std::system_error& error) {
    const std::error_category& category = error.code().category();
    const bound type = bound::borrow(py, PyExc_OSError);
    if (category != std::generic_category() && category != std::system_category())
        return type(text_of(py, error.what()));
    return type(error.code().value(), text_of(py, error.what()));
}

/// An ExceptionGroup, where all of them are Exceptions.
bound group_of(python py, const exception_group& group) {
    std::vector<bound> members;
    for (const std::exception_ptr& error : group.errors()) {
        members.push_back(to_python_exception(py, error));
        if (const auto* const trail = group.trail_of(error)) detail::add_frames(members.back(), trail->passed);
    }
    return bound::borrow(py, PyExc_BaseExceptionGroup)("several tasks have failed", members);
}

bound by_rule(python py, const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const python_error& e) {
        return e.value().bind(py);
    } catch (const cancelled_error& e) {
        return e.value().bind(py);
    } catch (const cancelled&) {
        return py.import("asyncio").attr("CancelledError")();
    } catch (const exception_group& e) {
        return group_of(py, e);
    } catch (const timed_out& e) {
        return instance(py, PyExc_TimeoutError, e.what());
    } catch (const channel_closed& e) {
        return instance(py, detail::channel_closed_type(py), e.what());
    } catch (const misuse& e) {
        return instance(py, PyExc_RuntimeError, e.what());
    } catch (const std::bad_alloc&) {
        return bound::borrow(py, PyExc_MemoryError)();
    } catch (const std::system_error& e) {
        return os_error(py, e);
    } catch (const std::invalid_argument& e) {
        return instance(py, PyExc_ValueError, e.what());
    } catch (const std::domain_error& e) {
        return instance(py, PyExc_ValueError, e.what());
    } catch (const std::out_of_range& e) {
        return instance(py, PyExc_IndexError, e.what());
    } catch (const std::overflow_error& e) {
        return instance(py, PyExc_OverflowError, e.what());
    } catch (const std::exception& e) {
        return instance(py, detail::cpp_error_type(py), detail::type_name(typeid(e)) + ": " + e.what());
    } catch (...) {
        const std::type_info* const type = abi::__cxa_current_exception_type();
        const std::string name = type == nullptr ? "unknown" : detail::type_name(*type);
        return instance(py, detail::cpp_error_type(py), "an exception of type " + name);
    }
}

bound translation_of(python py, const std::exception_ptr& error) {
    try {
        bound translated = by_registration(py, error);
        if (!translated.is_none()) return translated;
    } catch (...) {
        return by_rule(py, std::current_exception());  // why it could not be translated
    }
    return by_rule(py, error);
}

/// Makes `exception` the one that is raised, calls `extend`, and takes it back.
template <typename Function>
void while_raised(const bound& exception, Function&& extend) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(Py_NewRef(exception.ptr()));
    extend();
    detail::let_go(PyErr_GetRaisedException());
#else
    PyErr_Restore(Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr()))), Py_NewRef(exception.ptr()),
                  PyException_GetTraceback(exception.ptr()));
    extend();
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    if (value == exception.ptr() && traceback != nullptr) PyException_SetTraceback(value, traceback);
    detail::let_go(type);
    detail::let_go(value);
    detail::let_go(traceback);
#endif
}

}  // namespace

bound to_python_exception(python py, const std::exception_ptr& error) {
    std::exception_ptr cause;
    try {
        std::rethrow_exception(error);
    } catch (const python_error& e) {
        return e.value().bind(py);
    } catch (const std::nested_exception& e) {
        cause = e.nested_ptr();
    } catch (...) {
    }
    bound translated = translation_of(py, error);
    if (cause && translated.attr("__cause__").is_none()) {
        PyException_SetCause(translated.ptr(), to_python_exception(py, cause).release());
    }
    return translated;
}

void detail::add_translator(translator added) {
    const std::lock_guard lock(all_translators().mutex);
    all_translators().registered.push_back(std::move(added));
}

bound detail::caused_by(const bound& exception, const std::string& message) {
    bound made = instance(exception.py(), PyExc_RuntimeError, message);
    PyException_SetCause(made.ptr(), Py_NewRef(exception.ptr()));
    return made;
}

PyFrameObject* detail::make_frame(const std::source_location& where, const char* name) noexcept {
    PyCodeObject* const code = PyCode_NewEmpty(where.file_name(), name, static_cast<int>(where.line()));
    PyObject* const globals = PyDict_New();
    PyFrameObject* frame = nullptr;
    if (code != nullptr && globals != nullptr) frame = PyFrame_New(PyThreadState_Get(), code, globals, nullptr);
    detail::let_go(code);
    detail::let_go(globals);
    return frame;
}

void detail::add_frames(const bound& exception, std::span<const std::source_location> passed) noexcept {
    for (const std::source_location& where : passed) {
        PyFrameObject* const frame = make_frame(where, function_name(where).c_str());
        if (frame == nullptr) return PyErr_Clear();
        while_raised(exception, [frame] { PyTraceBack_Here(frame); });
        detail::let_go(frame);
    }
}

std::string detail::type_name(const std::type_info& type) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                          &std::free);
    std::string name = status == 0 ? readable.get() : type.name();
    // What std::throw_with_nested throws: the name of what it was given.
    for (const std::string_view nesting : {"std::_Nested_exception<", "std::__nested<", "std::__1::__nested<"}) {
        if (name.starts_with(nesting)) return name.substr(nesting.size(), name.size() - nesting.size() - 1);
    }
    return name;
}

std::string detail::function_name(const std::source_location& where) {
    // "task<> ns::f(int) [with T = int]", and in GCC's coroutines "void ns::f(ns::f(int)::_ZN…Frame*)": what stands
    // between the return type and the last parameter list.
    std::string name = where.function_name();
    name.resize(std::min(name.find(" ["), name.size()));
    // A lambda in GCC is "ns::f()::<lambda(int)>": its parameters are a part of its name.
    std::size_t end = name.ends_with('>') ? std::string::npos : name.rfind(')');
    int depth = 0;
    for (std::size_t i = end; i != std::string::npos && i < name.size(); --i) {
        if (name[i] == ')') ++depth;
        if (name[i] == '(' && --depth == 0) {
            end = i;
            break;
        }
    }
    if (end != std::string::npos) name.resize(end);
    depth = 0;
    for (std::size_t i = name.size(); i-- > 0;) {
        if (name[i] == '>' || name[i] == ')') ++depth;
        if (name[i] == '<' || name[i] == '(') --depth;
        if (name[i] == ' ' && depth == 0) return name.substr(i + 1);
    }
    return name;
}

namespace {

/// The module that the exceptions belong to.
std::string& home_of_errors() {
    static std::string name = "pyasync";
    return name;
}

PyObject* make_error_type(python py, const char* name, const char* doc) {
    const std::string qualified = home_of_errors() + "." + name;
    return detail::raise_if_null(py, PyErr_NewExceptionWithDoc(qualified.c_str(), doc, nullptr, nullptr));
}

}  // namespace

void detail::name_errors_in(const std::string& module) { home_of_errors() = module; }

PyObject* detail::cpp_error_type(python py) {
    static PyObject* const type = make_error_type(
        py, "CppError", "A C++ exception that has no counterpart in Python: its type's name and what().");
    return type;
}

PyObject* detail::channel_closed_type(python py) {
    static PyObject* const type =
        make_error_type(py, "ChannelClosed", "The channel takes nothing any more, or has nothing any more.");
    return type;
}

}  // namespace pyasync::py
