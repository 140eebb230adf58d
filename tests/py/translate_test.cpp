// tests/py/translate_test.cpp: C++ exceptions in Python, the C++ frames in its tracebacks, and the names of those.
// SPDX-License-Identifier: MIT
#include <pyasync/py/error.hpp>

#include <doctest/doctest.h>

#include <ios>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/py/function.hpp>
#include "support/launch.hpp"
#include "support/python.hpp"

namespace pyasync::py {

// Where a name is to be read by people, the namespace is a part of it.
namespace translate_test {

struct odd final : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "odd indeed"; }
};

struct base_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct derived_error final : base_error {
    using base_error::base_error;
};
struct failing_error final : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace translate_test

namespace {

using test::error_of;
using test::with_python;

struct translation : with_python {
    /// What Python says of a C++ exception.
    template <typename Error>
    [[nodiscard]] std::string shown(const Error& error) const {
        return python_error::from(to_python_exception(py, std::make_exception_ptr(error))).what();
    }
};

TEST_CASE_FIXTURE(translation, "each of the standard library's exceptions becomes its counterpart") {
    CHECK(shown(cancelled()) == "asyncio.exceptions.CancelledError");
    CHECK(shown(timed_out()) == "TimeoutError: the time is over");
    CHECK(shown(std::invalid_argument("wrong")) == "ValueError: wrong");
    CHECK(shown(std::domain_error("outside")) == "ValueError: outside");
    CHECK(shown(std::out_of_range("too far")) == "IndexError: too far");
    CHECK(shown(std::overflow_error("too much")) == "OverflowError: too much");
    CHECK(shown(std::bad_alloc()) == "MemoryError");
}

TEST_CASE_FIXTURE(translation, "a system_error becomes the OSError of its errno") {
    const auto shown_code = [this](std::errc code) {
        return shown(std::system_error(std::make_error_code(code), "open x"));
    };
    CHECK(shown_code(std::errc::no_such_file_or_directory) ==
          "FileNotFoundError: [Errno 2] open x: No such file or directory");
    CHECK(shown_code(std::errc::permission_denied) == "PermissionError: [Errno 13] open x: Permission denied");
    CHECK(shown_code(std::errc::connection_refused).starts_with("ConnectionRefusedError: [Errno 111] open x"));
    CHECK(shown_code(std::errc::timed_out).starts_with("TimeoutError: [Errno 110] open x"));
    CHECK(shown_code(std::errc::invalid_argument) == "OSError: [Errno 22] open x: Invalid argument");
    CHECK(shown(std::system_error(ENOENT, std::system_category(), "stat"))
              .starts_with("FileNotFoundError: [Errno 2] stat"));
    const bound error = to_python_exception(
        py, std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::permission_denied), "x")));
    CHECK(error.attr("errno").to<int>() == EACCES);
}

TEST_CASE_FIXTURE(translation, "a system_error of another category is an OSError with its text") {
    CHECK(shown(std::ios_base::failure("no stream")) == "OSError: no stream: iostream error");
}

TEST_CASE_FIXTURE(translation, "any other exception becomes a CppError with its type's name") {
    CHECK(shown(translate_test::odd()) == "pyasync.CppError: pyasync::py::translate_test::odd: odd indeed");
    CHECK(shown(std::runtime_error("plain")) == "pyasync.CppError: std::runtime_error: plain");
    CHECK(shown(std::length_error("long")) == "pyasync.CppError: std::length_error: long");
    CHECK(shown(42) == "pyasync.CppError: an exception of type int");
    CHECK(shown(std::string("text")).starts_with("pyasync.CppError: an exception of type std::"));
}

TEST_CASE_FIXTURE(translation, "a CppError is an Exception that Python can import and catch") {
    const bound type = bound::borrow(py, detail::cpp_error_type(py));
    CHECK(py.import("pyasync").attr("CppError").is(type));
    CHECK(type.attr("__module__").to<std::string>() == "pyasync");
    CHECK(type.attr("__mro__")[1].is(bound::borrow(py, PyExc_Exception)));
    const bound variables =
        run("import pyasync\n"
            "def catch(function):\n"
            "    try: function()\n"
            "    except pyasync.CppError as error: return str(error)\n");
    const bound failing = function(py, "failing", [] { throw std::runtime_error("caught"); });
    CHECK(variables["catch"](failing).to<std::string>() == "std::runtime_error: caught");
}

TEST_CASE_FIXTURE(translation, "a python_error becomes the exception that it holds") {
    const bound exception = evaluate("LookupError('held')");
    const bound translated = to_python_exception(py, std::make_exception_ptr(python_error::from(exception)));
    CHECK(translated.is(exception));
}

TEST_CASE_FIXTURE(translation, "an exception_group becomes an ExceptionGroup of what its exceptions become") {
    const auto made_of = [this](std::vector<std::exception_ptr> errors) {
        return to_python_exception(py, std::make_exception_ptr(exception_group(std::move(errors))));
    };
    const bound held = evaluate("LookupError('held')");
    const auto first = std::make_exception_ptr(python_error::from(held));
    const auto second = std::make_exception_ptr(std::out_of_range("too far"));
    const bound group = made_of({first, second});
    CHECK(python_error::from(group).what() ==
          std::string("ExceptionGroup: several tasks have failed (2 sub-exceptions)\n"
                      "  +---------------- 1 ----------------\n"
                      "  | LookupError: held\n"
                      "  +---------------- 2 ----------------\n"
                      "  | IndexError: too far\n"
                      "  +------------------------------------"));
    CHECK(group.attr("exceptions")[0].is(held));
    CHECK(group.attr("exceptions")[1].repr() == "IndexError('too far')");

    const auto nested = std::make_exception_ptr(exception_group({second}));
    const auto exit = std::make_exception_ptr(python_error::from(evaluate("SystemExit(1)")));
    const bound base = made_of({nested, exit});
    CHECK(base.attr("__class__").attr("__name__").to<std::string>() == "BaseExceptionGroup");
    CHECK(base.attr("exceptions")[0].attr("exceptions")[0].repr() == "IndexError('too far')");
}

TEST_CASE_FIXTURE(translation, "a message that is no UTF-8 is shown as well as it can be") {
    CHECK(shown(std::runtime_error("caf\xe9")) == "pyasync.CppError: std::runtime_error: caf\ufffd");
    CHECK(shown(std::invalid_argument("caf\xe9")) == "ValueError: caf\ufffd");
    CHECK(shown(std::system_error(std::make_error_code(std::errc::no_such_file_or_directory), "open caf\xe9")) ==
          "FileNotFoundError: [Errno 2] open caf\ufffd: No such file or directory");
    const bound failing = function(py, "failing", [] { throw std::out_of_range("caf\xe9"); });
    CHECK(error_of([&] { failing(); }) == "IndexError: caf\ufffd");
}

/// Throws `error` with what is being handled in it, and gives it back.
template <typename Error>
std::exception_ptr nested(Error error) {
    try {
        std::throw_with_nested(std::move(error));
    } catch (...) {
        return std::current_exception();
    }
}

TEST_CASE_FIXTURE(translation, "what has been thrown with a nested exception has it as its cause") {
    const bound held = evaluate("LookupError('held')");
    std::exception_ptr thrown;
    try {
        throw python_error::from(held);
    } catch (...) {
        thrown = nested(std::out_of_range("too far"));
    }
    try {
        std::rethrow_exception(thrown);
    } catch (...) {
        thrown = nested(std::runtime_error("no way"));
    }
    const bound outer = to_python_exception(py, thrown);
    const bound inner = outer.attr("__cause__");
    CHECK(outer.str() == "std::runtime_error: no way");
    CHECK(inner.repr() == "IndexError('too far')");
    CHECK(inner.attr("__cause__").is(held));
    CHECK(outer.attr("__suppress_context__").to<bool>());
    // Nothing was being handled.
    const bound alone = to_python_exception(py, nested(std::out_of_range("too far")));
    CHECK(alone.repr() == "IndexError('too far')");
    CHECK(alone.attr("__cause__").is_none());
    CHECK_FALSE(alone.attr("__suppress_context__").to<bool>());
}

TEST_CASE_FIXTURE(translation, "registered translations are asked before the rules, the latest first") {
    using translate_test::base_error;
    using translate_test::derived_error;
    CHECK(shown(base_error("before")).starts_with("pyasync.CppError: "));

    register_exception<base_error>([](python inner, const base_error& error) {
        return bound::borrow(inner, PyExc_LookupError)(std::string("registered: ") + error.what());
    });
    CHECK(shown(base_error("a")) == "LookupError: registered: a");
    CHECK(shown(derived_error("a")) == "LookupError: registered: a");
    CHECK(shown(std::runtime_error("a")).starts_with("pyasync.CppError: "));

    register_exception<derived_error>(
        [](python inner, const derived_error& error) { return bound::borrow(inner, PyExc_KeyError)(error.what()); });
    CHECK(shown(derived_error("b")) == "KeyError: 'b'");
    CHECK(shown(base_error("b")) == "LookupError: registered: b");

    register_exception<base_error>([](python inner, const base_error& error) {
        return bound::borrow(inner, PyExc_ArithmeticError)(error.what());
    });
    CHECK(shown(derived_error("c")) == "ArithmeticError: c");
}

TEST_CASE_FIXTURE(translation, "a translation that returns None leaves the exception to the others") {
    struct undecided final : std::invalid_argument {
        using std::invalid_argument::invalid_argument;
    };
    register_exception<undecided>([](python inner, const undecided&) { return inner.none(); });
    CHECK(shown(undecided("left to the rules")) == "ValueError: left to the rules");
}

TEST_CASE_FIXTURE(translation, "a translation that fails is what Python sees") {
    using translate_test::failing_error;
    register_exception<failing_error>(
        [](python inner, const failing_error&) { return inner.import("no_such_module").attr("Error")(); });
    const std::string reason = "ModuleNotFoundError: No module named 'no_such_module'";
    CHECK(shown(failing_error("x")).ends_with(reason));
    const bound failing = function(py, "failing", [] { throw failing_error("x"); });
    CHECK(error_of([&] { failing(); }).ends_with(reason));
    register_exception<failing_error>(
        [](python, const failing_error&) -> bound { throw std::out_of_range("no bound"); });
    CHECK(shown(failing_error("x")) == "IndexError: no bound");
}

/// A source_location of a function's own.
std::source_location place(const std::source_location& where = std::source_location::current()) { return where; }

TEST_CASE_FIXTURE(translation, "added frames stand before the traceback, outermost first") {
    const bound variables =
        run("def fail():\n"
            "    raise ValueError('deep')\n",
            "made_up.py");
    std::optional<object> exception;
    try {
        variables["fail"]();
    } catch (const python_error& error) {
        exception = error.value().clone(py);
    }
    REQUIRE(exception.has_value());
    const std::source_location inner = place();
    const std::source_location outer = place();
    const std::vector<std::source_location> passed{inner, outer};
    detail::add_frames(exception->bind(py), passed);

    const std::string name = detail::function_name(inner);
    const auto line = [&](const std::source_location& where) {
        return "  File \"" + std::string(where.file_name()) + "\", line " + std::to_string(where.line()) + ", in " +
               name + "\n";
    };
    CHECK(std::string(python_error::from(exception->bind(py)).what()) == "Traceback (most recent call last):\n" +
                                                                             line(outer) + line(inner) +
                                                                             "  File \"made_up.py\", line 2, in fail\n"
                                                                             "ValueError: deep");
    // Python prints it, too.
    const bound text =
        py.value("").call_method("join", py.import("traceback").attr("format_exception")(exception->bind(py)));
    CHECK(text.to<std::string>().find("translate_test.cpp\", line " + std::to_string(outer.line()) + ", in ") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(translation, "frames can be added to an exception that has no traceback") {
    const bound exception = evaluate("ValueError('fresh')");
    const std::source_location here = place();
    detail::add_frames(exception, std::vector{here});
    const bound traceback = exception.attr("__traceback__");
    CHECK(traceback.attr("tb_lineno").to<unsigned>() == here.line());
    CHECK(traceback.attr("tb_next").is_none());
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(translation, "adding no frames changes nothing") {
    const bound exception = evaluate("ValueError('fresh')");
    detail::add_frames(exception, {});
    CHECK(exception.attr("__traceback__").is_none());
}

TEST_CASE_FIXTURE(translation, "adding frames keeps no reference") {
    const bound exception = evaluate("ValueError('fresh')");
    detail::add_frames(exception, std::vector{place(), place()});
    CHECK(test::count_of(exception) == 1);
}

}  // namespace

// The functions whose names are read back.
namespace translate_test {

std::string plain() { return detail::function_name(place()); }

std::string with_arguments(int, const std::vector<std::string>&, void (*)(int)) {
    return detail::function_name(place());
}

template <typename T>
std::string generic(const T&) {
    return detail::function_name(place());
}

struct holder {
    [[nodiscard]] std::string member(int) const { return detail::function_name(place()); }
    std::string operator()(int) { return detail::function_name(place()); }
    static std::string shared() { return detail::function_name(place()); }
    template <typename T>
    std::string generic(T) {
        return detail::function_name(place());
    }
};

task<std::string> coroutine(std::string) { co_return detail::function_name(place()); }

template <typename T>
task<std::string> generic_coroutine(std::vector<T>) {
    co_return detail::function_name(place());
}

struct coroutine_holder {
    task<std::string> member(int) { co_return detail::function_name(place()); }
};

}  // namespace translate_test

namespace {

TEST_CASE("the name of a function is its qualified name alone") {
    using namespace translate_test;
    const std::string space = "pyasync::py::translate_test::";
    CHECK(plain() == space + "plain");
    CHECK(with_arguments(1, {}, nullptr) == space + "with_arguments");
    CHECK(generic(1) == space + "generic");
    CHECK(generic(std::vector<std::pair<int, std::string>>()) == space + "generic");
    CHECK(holder().member(1) == space + "holder::member");
    CHECK(holder::shared() == space + "holder::shared");
    CHECK(holder()(1) == space + "holder::operator()");
    CHECK(holder().generic(1) == space + "holder::generic");
}

TEST_CASE("the name of a coroutine is that of the function") {
    using namespace translate_test;
    const std::string space = "pyasync::py::translate_test::";
    test::manual_executor executor;
    CHECK(test::run(executor, coroutine("x")) == space + "coroutine");
    CHECK(test::run(executor, generic_coroutine(std::vector<int>())) == space + "generic_coroutine");
    CHECK(test::run(executor, coroutine_holder().member(1)) == space + "coroutine_holder::member");
}

TEST_CASE("the name of a lambda says where it is, and that it is one") {
    const auto lambda = [](int) { return detail::function_name(place()); };
    const auto coroutine = [](int) -> task<std::string> { co_return detail::function_name(place()); };
    test::manual_executor executor;
    for (const std::string& name : {lambda(1), test::run(executor, coroutine(1))}) {
        CAPTURE(name);
        CHECK(name.starts_with("pyasync::py::"));
        CHECK((name.find("<lambda(int)>") != std::string::npos ||      // GCC
               name.find("(anonymous class)") != std::string::npos));  // Clang
        CHECK(name.find(" [with") == std::string::npos);
        CHECK(name.find("_ZN") == std::string::npos);
    }
}

TEST_CASE("the name of a type is readable") {
    CHECK(detail::type_name(typeid(int)) == "int");
    CHECK(detail::type_name(typeid(translate_test::odd)) == "pyasync::py::translate_test::odd");
    CHECK(detail::type_name(typeid(std::vector<int>)).starts_with("std::vector<int"));
}

}  // namespace
}  // namespace pyasync::py
