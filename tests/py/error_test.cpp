// tests/py/error_test.cpp: Python's exceptions in C++: what they say, what they match, who owns them.
// SPDX-License-Identifier: MIT
#include <pyasync/py/error.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include <pyasync/py/function.hpp>
#include "support/python.hpp"

namespace pyasync::py {
namespace {

using test::count_of;
using test::error_of;
using test::with_python;

static_assert(std::is_nothrow_copy_constructible_v<python_error>);

struct errors : with_python {
    /// The python_error that the statements raise.
    [[nodiscard]] python_error raised_by(const std::string& statements, const char* file = "<test>") const {
        try {
            run(statements, file);
        } catch (const python_error& error) {
            return error;
        }
        throw std::logic_error("the statements have raised nothing");
    }
};

TEST_CASE_FIXTURE(errors, "what() is the traceback with its lines, then the type and the message") {
    const python_error error = raised_by(
        "def outer():\n"
        "    inner()\n"
        "def inner():\n"
        "    raise ValueError('bad value')\n"
        "outer()\n",
        "made_up.py");
    CHECK(std::string(error.what()) ==
          "Traceback (most recent call last):\n"
          "  File \"made_up.py\", line 5, in <module>\n"
          "  File \"made_up.py\", line 2, in outer\n"
          "  File \"made_up.py\", line 4, in inner\n"
          "ValueError: bad value");
}

TEST_CASE_FIXTURE(errors, "an exception that passed no Python code has no traceback") {
    CHECK(error_of([&] { py.import("builtins").attr("int")("x"); }) ==
          "ValueError: invalid literal for int() with base 10: 'x'");
}

TEST_CASE_FIXTURE(errors, "what() ends with the notes, if there are any") {
    const bound error = evaluate("ValueError('bad')");
    CHECK(std::string(python_error::from(error).what()) == "ValueError: bad");
    error.call_method("add_note", "first note");
    error.call_method("add_note", "second note");
    CHECK(std::string(python_error::from(error).what()) == "ValueError: bad\nfirst note\nsecond note");
}

TEST_CASE_FIXTURE(errors, "what() begins with what the exception came from, as Python prints it") {
    const std::string direct = "\n\nThe above exception was the direct cause of the following exception:\n\n";
    const std::string handled = "\n\nDuring handling of the above exception, another exception occurred:\n\n";
    const bound variables =
        run("first, second, third = KeyError('first'), ValueError('second'), TypeError('third')\n"
            "second.__cause__ = first\n"
            "third.__context__ = second\n");
    CHECK(std::string(python_error::from(variables["third"]).what()) ==
          "KeyError: 'first'" + direct + "ValueError: second" + handled + "TypeError: third");
    variables["third"].set_attr("__suppress_context__", py.value(true));
    CHECK(std::string(python_error::from(variables["third"]).what()) == "TypeError: third");
    // One that comes from itself is told once.
    variables["first"].set_attr("__context__", variables["second"]);
    CHECK(std::string(python_error::from(variables["second"]).what()) ==
          "KeyError: 'first'" + direct + "ValueError: second");
}

TEST_CASE_FIXTURE(errors, "what() of a group has what its members say, as far as Python prints it") {
    const std::string line = "\n  +---------------- ";
    CHECK(std::string(python_error::from(evaluate("ExceptionGroup('g', [ValueError('a\\nb')])")).what()) ==
          "ExceptionGroup: g (1 sub-exception)" + line +
              "1 ----------------\n  | ValueError: a\n  | b\n"
              "  +------------------------------------");
    const std::string wide =
        python_error::from(evaluate("ExceptionGroup('g', [ValueError(str(i)) for i in range(20)])")).what();
    CHECK(wide.find("ValueError: 14") != std::string::npos);
    CHECK(wide.find("ValueError: 15") == std::string::npos);
    CHECK(wide.ends_with(line + "... ----------------\n  | and 5 more exceptions\n"
                                "  +------------------------------------"));
    const bound variables =
        run("deep = ValueError('bottom')\n"
            "for i in range(20): deep = ExceptionGroup(str(i), [deep])\n");
    const std::string deep = python_error::from(variables["deep"]).what();
    CHECK(deep.find("ExceptionGroup: 10 (") != std::string::npos);
    CHECK(deep.find("bottom") == std::string::npos);
}

TEST_CASE_FIXTURE(errors, "what() of a group that its members were raised in tells each once") {
    const bound variables =
        run("members = [ValueError(str(i)) for i in range(15)]\n"
            "group = ExceptionGroup('g', members)\n"
            "for each in members: each.__context__ = group\n");
    const std::string report = python_error::from(variables["group"]).what();
    const std::size_t first = report.find("ExceptionGroup: g");
    CHECK(first == 0);
    CHECK(report.find("ExceptionGroup: g", first + 1) == std::string::npos);
    CHECK(report.find("ValueError: 14") != std::string::npos);
    // A member alone comes behind its group.
    const std::string of_member = python_error::from(variables["members"][0]).what();
    CHECK(of_member.starts_with("ExceptionGroup: g"));
    CHECK(of_member.ends_with("ValueError: 0"));
    CHECK(of_member.find("ExceptionGroup: g", 1) == std::string::npos);
}

TEST_CASE_FIXTURE(errors, "what() names a class with its module where Python does") {
    CHECK(std::string(python_error::from(evaluate("ValueError('x')")).what()) == "ValueError: x");
    CHECK(std::string(python_error::from(evaluate("__import__('asyncio').QueueEmpty('x')")).what()) ==
          "asyncio.queues.QueueEmpty: x");
    const bound variables =
        run("class Plain(Exception): pass\n"
            "class Outer:\n"
            "    class Inner(Exception): pass\n");
    CHECK(std::string(python_error::from(variables["Plain"]("x")).what()) == "Plain: x");
    CHECK(std::string(python_error::from(variables["Outer"].attr("Inner")("x")).what()) == "Inner: x");
}

TEST_CASE_FIXTURE(errors, "what() of an exception without a message is its type") {
    CHECK(std::string(python_error::from(evaluate("ValueError()")).what()) == "ValueError");
    CHECK(std::string(python_error::from(evaluate("KeyError('a')")).what()) == "KeyError: 'a'");
    CHECK(std::string(python_error::from(evaluate("OSError(2, 'missing')")).what()) ==
          "FileNotFoundError: [Errno 2] missing");
}

TEST_CASE_FIXTURE(errors, "what() does without what cannot be had") {
    const bound variables =
        run("class Mute(Exception):\n"
            "    def __str__(self): raise RuntimeError('mute')\n"
            "class Endless(Exception):\n"
            "    def __str__(self): raise Endless()\n"
            "class Strange(Exception):\n"
            "    __notes__ = 1\n");
    CHECK(std::string(python_error::from(variables["Endless"]()).what()) == "Endless: <exception str() failed>");
    CHECK(std::string(python_error::from(variables["Mute"]()).what()) == "Mute: <exception str() failed>");
    CHECK(std::string(python_error::from(variables["Strange"]("x")).what()) == "Strange: x");
    CHECK(std::string(python_error::from(evaluate("ValueError('\\ud800')")).what()) == "ValueError: \\ud800");
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(errors, "an error matches its class and the bases, by name, with or without the module") {
    const python_error timeout = python_error::from(evaluate("__import__('asyncio').CancelledError()"));
    for (const char* const name :
         {"CancelledError", "asyncio.exceptions.CancelledError", "BaseException", "builtins.BaseException", "object"}) {
        CAPTURE(name);
        CHECK(timeout.matches(name));
    }
    for (const char* const name : {"Exception", "asyncio.CancelledError", "cancellederror", "Error", ""}) {
        CAPTURE(name);
        CHECK_FALSE(timeout.matches(name));
    }
    const python_error missing = python_error::from(evaluate("FileNotFoundError(2, 'x')"));
    CHECK(missing.matches("OSError"));
    CHECK(missing.matches("FileNotFoundError"));
    CHECK_FALSE(missing.matches("PermissionError"));

    const bound variables =
        run("class Base(Exception): pass\n"
            "class Other: pass\n"
            "class Derived(Base, Other): pass\n");
    const python_error derived = python_error::from(variables["Derived"]());
    for (const char* const name : {"Derived", "Base", "Other", "Exception", "__main__.Derived"})
        CHECK(derived.matches(name));
}

TEST_CASE_FIXTURE(errors, "an error holds the exception object itself") {
    const bound exception = evaluate("ValueError('x')");
    {
        const python_error error = python_error::from(exception);
        CHECK(error.value().bind(py).is(exception));
        const python_error copy = error;  // NOLINT(performance-unnecessary-copy-initialization): that is what is tested
        CHECK(copy.value().bind(py).is(exception));
        CHECK(count_of(exception) == 2);
    }
    CHECK(count_of(exception) == 1);
}

TEST_CASE_FIXTURE(errors, "fetching takes the exception that is set, with its traceback") {
    const bound builtins = py.import("builtins");
    PyErr_SetString(PyExc_LookupError, "not there");
    const python_error fetched = python_error::fetch(py);
    CHECK(std::string(fetched.what()) == "LookupError: not there");
    CHECK(PyErr_Occurred() == nullptr);
    CHECK(fetched.value().bind(py).is_instance(builtins.attr("LookupError")));

    const python_error raised = raised_by("1 / 0", "divide.py");
    CHECK(raised.value().bind(py).attr("__traceback__").attr("tb_lineno").to<int>() == 1);
}

TEST_CASE("an error is copied, read and destroyed where the GIL is not held") {
    std::optional<python_error> error;
    object watched;
    {
        const gil held;
        const bound exception = bound::borrow(held.token(), PyExc_ValueError)("kept");
        watched = exception.unbind();
        error = python_error::from(exception);
    }
    std::string text;
    bool matches = false;
    std::jthread([&] {
        const python_error copy = *error;
        text = copy.what();
        matches = copy.matches("ValueError");
        error.reset();
    }).join();
    CHECK(text == "ValueError: kept");
    CHECK(matches);
    const gil held;
    CHECK(Py_REFCNT(watched.ptr()) == 1);
    watched.reset();
}

TEST_CASE_FIXTURE(errors, "an exception that goes through C++ and back is the same object") {
    const bound variables =
        run("raised = ValueError('the one')\n"
            "def fail(): raise raised\n");
    std::optional<object> caught;
    try {
        variables["fail"]();
    } catch (const python_error& error) {
        caught = to_python_exception(py, std::make_exception_ptr(error)).unbind();
    }
    REQUIRE(caught.has_value());
    CHECK(caught->bind(py).is(variables["raised"]));
}

TEST_CASE_FIXTURE(errors, "raise throws an exception of that class with that message") {
    CHECK(error_of([&] { detail::raise(py, PyExc_LookupError, "as told"); }) == "LookupError: as told");
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(errors, "a subject goes before the message of the conversions' own classes") {
    const auto with_subject = [&](PyObject* type) {
        return error_of([&] {
            detail::with_subject(
                py, [] { return std::string("the subject"); }, [&] { detail::raise(py, type, "the message"); });
        });
    };
    CHECK(with_subject(PyExc_TypeError) == "TypeError: the subject: the message");
    CHECK(with_subject(PyExc_ValueError) == "ValueError: the subject: the message");
    CHECK(with_subject(PyExc_OverflowError) == "OverflowError: the subject: the message");
    CHECK(with_subject(PyExc_LookupError) == "LookupError: the message");
    CHECK(detail::with_subject(py, [] { return std::string(); }, [] { return 3; }) == 3);
    CHECK_THROWS_WITH_AS(detail::with_subject(
                             py, [] { return std::string(); }, [] { throw std::runtime_error("C++'s own"); }),
                         "C++'s own", std::runtime_error);
}

TEST_CASE_FIXTURE(errors, "what is set aside is set again, and nothing disturbs it meanwhile") {
    PyErr_SetString(PyExc_ValueError, "under way");
    {
        const detail::set_aside aside;
        CHECK(PyErr_Occurred() == nullptr);
        CHECK(error_of([&] { static_cast<void>(py.none().attr("nothing")); }) ==
              "AttributeError: 'NoneType' object has no attribute 'nothing'");
    }
    CHECK(std::string(python_error::fetch(py).what()) == "ValueError: under way");
    {
        const detail::set_aside nothing;
    }
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(errors, "set_raised makes an exception the one that is set") {
    const bound exception = evaluate("ValueError('x')");
    detail::set_raised(exception);
    CHECK(python_error::fetch(py).value().bind(py).is(exception));
}

TEST_CASE_FIXTURE(errors, "nulls and negatives of the C API are errors, the rest goes through") {
    const bound target = evaluate("object()");
    CHECK(detail::raise_if_null(py, target.ptr()) == target.ptr());
    detail::raise_if_negative(py, 0);
    detail::raise_if_negative(py, 1);
    CHECK(error_of([&] {
              PyErr_SetString(PyExc_ValueError, "negative");
              detail::raise_if_negative(py, -1);
          }) == "ValueError: negative");
    CHECK(error_of([&] {
              PyErr_SetString(PyExc_ValueError, "null");
              static_cast<void>(detail::raise_if_null(py, nullptr));
          }) == "ValueError: null");
}

}  // namespace
}  // namespace pyasync::py
