// tests/py/object_test.cpp: references under the GIL, and references that outlive it.
// SPDX-License-Identifier: MIT
#include <pyasync/py/object.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "support/python.hpp"

namespace pyasync::py {

namespace {
/// Has a converter that always fails.
struct reluctant {};
}  // namespace

template <>
struct converter<reluctant> {
    static bound to_python(python py, const reluctant&) { detail::raise(py, PyExc_TypeError, "not this one"); }
};

namespace {

using test::count_of;
using test::error_of;
using test::with_python;

static_assert(!std::is_copy_constructible_v<object> && !std::is_copy_assignable_v<object>);
static_assert(std::is_nothrow_move_constructible_v<object> && std::is_nothrow_move_assignable_v<object>);
static_assert(!std::is_default_constructible_v<python> && !std::is_default_constructible_v<bound>);

TEST_CASE_FIXTURE(with_python, "text for people has what is no Unicode with Python's escapes") {
    const bound text = py.import("builtins").attr("chr")(0xd800);
    CHECK(text.str() == "\\ud800");
    CHECK(text.repr() == "'\\ud800'");
    CHECK(error_of([&] { static_cast<void>(text.to<std::string>()); }).find("surrogates not allowed") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(with_python, "import finds modules, with dots") {
    CHECK(py.import("os.path").attr("basename")("a/b").to<std::string>() == "b");
    CHECK(py.import("os.path").is(py.import("os").attr("path")));
    CHECK(error_of([&] {
              py.import("no_such_module");
          }).ends_with("ModuleNotFoundError: No module named 'no_such_module'"));
}

TEST_CASE_FIXTURE(with_python, "attributes can be read, set and asked for") {
    const bound target = py.import("types").attr("SimpleNamespace")();
    CHECK_FALSE(target.has_attr("answer"));
    target.set_attr("answer", py.value(42));
    CHECK(target.has_attr("answer"));
    CHECK(target.attr("answer").to<int>() == 42);
    CHECK(error_of([&] { static_cast<void>(target.attr("question")); }) ==
          "AttributeError: 'types.SimpleNamespace' object has no attribute 'question'");
    CHECK(error_of([&] { py.value(1).set_attr("answer", py.none()); }).starts_with("AttributeError: "));
}

TEST_CASE_FIXTURE(with_python, "calls take positional and keyword arguments") {
    const bound show = run("def show(*args, **kwargs): return f'{args} {kwargs}'")["show"];
    CHECK(show().to<std::string>() == "() {}");
    CHECK(show(1, "two", 3.0).to<std::string>() == "(1, 'two', 3.0) {}");
    CHECK(show(kw("a") = 1, kw("b") = "two").to<std::string>() == "() {'a': 1, 'b': 'two'}");
    CHECK(show(py.none(), kw("a") = 1).to<std::string>() == "(None,) {'a': 1}");
    const std::string name = "text";
    CHECK(show(name, kw("a") = name).to<std::string>() == "('text',) {'a': 'text'}");
}

TEST_CASE_FIXTURE(with_python, "methods are called with positional and keyword arguments") {
    const bound text = py.value("{} and {b}");
    CHECK(text.call_method("format", "a", kw("b") = "B").to<std::string>() == "a and B");
    CHECK(text.call_method("upper").to<std::string>() == "{} AND {B}");
    CHECK(error_of([&] { text.call_method("no_such_method"); }) ==
          "AttributeError: 'str' object has no attribute 'no_such_method'");
}

TEST_CASE_FIXTURE(with_python, "what a call raises is thrown") {
    CHECK(error_of([&] { py.import("builtins").attr("int")("x"); }) ==
          "ValueError: invalid literal for int() with base 10: 'x'");
    CHECK(error_of([&] { py.value(3)(); }) == "TypeError: 'int' object is not callable");
}

TEST_CASE_FIXTURE(with_python, "an argument that has no value in Python is named, and the others are released") {
    const bound show = run("def show(*args, **kwargs): pass")["show"];
    const bound first = py.import("types").attr("SimpleNamespace")();
    const Py_ssize_t before = count_of(first);
    CHECK(error_of([&] { show(first, reluctant()); }) == "TypeError: argument 2: not this one");
    CHECK(error_of([&] { show(first, kw("again") = first, kw("b") = reluctant()); }) ==
          "TypeError: argument 3: not this one");
    CHECK(error_of([&] { first.call_method("__init__", first, reluctant()); }) ==
          "TypeError: argument 2: not this one");
    CHECK(count_of(first) == before);
}

TEST_CASE_FIXTURE(with_python, "a call leaves the counts of its arguments as they were") {
    const bound show = run("def show(*args, **kwargs): return None")["show"];
    const bound argument = py.import("types").attr("SimpleNamespace")();
    const Py_ssize_t before = count_of(argument);
    for (int i = 0; i < 10; ++i) show(argument, kw("a") = argument);
    CHECK(count_of(argument) == before);
}

TEST_CASE_FIXTURE(with_python, "items are found by key") {
    const bound list = evaluate("[10, 20, 30]");
    CHECK(list[1].to<int>() == 20);
    CHECK(list[-1].to<int>() == 30);
    CHECK(error_of([&] { static_cast<void>(list[3]); }) == "IndexError: list index out of range");
    const bound dict = evaluate("{'a': 1, (1, 2): 'pair'}");
    CHECK(dict["a"].to<int>() == 1);
    CHECK(dict[evaluate("(1, 2)")].to<std::string>() == "pair");
    CHECK(error_of([&] { static_cast<void>(dict["b"]); }) == "KeyError: 'b'");
    CHECK(error_of([&] { static_cast<void>(py.none()[0]); }) == "TypeError: 'NoneType' object is not subscriptable");
}

TEST_CASE_FIXTURE(with_python, "iteration walks over lists, dicts and generators") {
    const auto walk = [&](const char* expression) {
        std::vector<int> items;
        for (const bound& item : evaluate(expression)) items.push_back(item.to<int>());
        return items;
    };
    CHECK(walk("[1, 2, 3]") == std::vector{1, 2, 3});
    CHECK(walk("{1: 'a', 2: 'b'}") == std::vector{1, 2});
    CHECK(walk("(n * n for n in range(4))") == std::vector{0, 1, 4, 9});
    CHECK(walk("[]").empty());
}

TEST_CASE_FIXTURE(with_python, "iteration throws what the iterator raises, and what is no iterable") {
    const bound failing = run("def failing():\n    yield 1\n    raise ValueError('no second')")["failing"];
    std::vector<int> items;
    CHECK(error_of([&] {
              for (const bound& item : failing()) items.push_back(item.to<int>());
          }).ends_with("ValueError: no second"));
    CHECK(items == std::vector{1});
    CHECK(error_of([&] {
              for (const bound& item : py.value(1)) static_cast<void>(item);
          }) == "TypeError: 'int' object is not iterable");
}

TEST_CASE_FIXTURE(with_python, "iteration that is left early releases the iterator") {
    const bound list = evaluate("[object(), object()]");
    const Py_ssize_t before = count_of(list);
    for (const bound& item : list) {
        CHECK(item.is(list[0]));
        break;
    }
    CHECK(count_of(list) == before);
}

TEST_CASE_FIXTURE(with_python, "identity, class and truth") {
    CHECK(py.none().is_none());
    CHECK_FALSE(py.value(0).is_none());
    const bound list = evaluate("[]");
    CHECK(list.is(list));
    CHECK_FALSE(list.is(evaluate("[]")));

    CHECK(list.is_instance(evaluate("list")));
    CHECK(list.is_instance(evaluate("(int, list)")));
    CHECK_FALSE(list.is_instance(evaluate("dict")));
    CHECK(error_of([&] { static_cast<void>(list.is_instance(list)); }).starts_with("TypeError: isinstance() arg 2"));

    CHECK_FALSE(list);
    CHECK(evaluate("[0]"));
    CHECK_FALSE(py.none());
    const bound undecided =
        run("class Undecided:\n    def __bool__(self): raise ValueError('undecided')")["Undecided"]();
    CHECK(error_of([&] { static_cast<void>(static_cast<bool>(undecided)); }).ends_with("ValueError: undecided"));
}

TEST_CASE_FIXTURE(with_python, "repr, str and the type's name") {
    const bound text = py.value("it's");
    CHECK(text.repr() == "\"it's\"");
    CHECK(text.str() == "it's");
    CHECK(text.type_name() == "str");
    CHECK(py.none().type_name() == "NoneType");
    CHECK(py.import("collections").attr("OrderedDict")().type_name() == "collections.OrderedDict");
    const bound mute = run("class Mute:\n    def __repr__(self): raise ValueError('mute')")["Mute"]();
    CHECK(error_of([&] { static_cast<void>(mute.repr()); }).ends_with("ValueError: mute"));
    CHECK(error_of([&] { static_cast<void>(mute.str()); }).ends_with("ValueError: mute"));
}

TEST_CASE_FIXTURE(with_python, "copies and moves of a reference keep the count") {
    bound first = evaluate("object()");
    CHECK(count_of(first) == 1);
    {
        bound second = first;
        CHECK(count_of(first) == 2);
        const bound third = std::move(second);
        CHECK(count_of(first) == 2);
        CHECK(third.is(first));
    }
    CHECK(count_of(first) == 1);
    const bound other = evaluate("object()");
    const bound before = first;
    first = other;
    CHECK(count_of(other) == 2);
    CHECK(count_of(before) == 1);
    const bound& same = first;
    first = same;
    CHECK(count_of(other) == 2);
}

TEST_CASE_FIXTURE(with_python, "references come from the C API, and go back to it") {
    const bound stolen = bound::steal(py, PyList_New(0));
    CHECK(count_of(stolen) == 1);
    bound borrowed = bound::borrow(py, stolen.ptr());
    CHECK(count_of(stolen) == 2);
    PyObject* const given_away = borrowed.release();
    CHECK(given_away == stolen.ptr());
    CHECK(count_of(stolen) == 2);
    Py_DECREF(given_away);
    CHECK(count_of(stolen) == 1);
}

TEST_CASE_FIXTURE(with_python, "a null from the C API is Python's exception") {
    CHECK(error_of([&] {
              PyErr_SetString(PyExc_ValueError, "no object");
              static_cast<void>(bound::steal(py, nullptr));
          }) == "ValueError: no object");
    CHECK(error_of([&] {
              PyErr_SetString(PyExc_ValueError, "nothing lent");
              static_cast<void>(bound::borrow(py, nullptr));
          }) == "ValueError: nothing lent");
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(with_python, "an object owns one count, wherever it is moved") {
    const bound target = evaluate("object()");
    object kept = target.unbind();
    CHECK(count_of(target) == 2);
    CHECK_FALSE(kept.empty());
    CHECK(kept.ptr() == target.ptr());

    object moved = std::move(kept);
    CHECK(kept.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(count_of(target) == 2);
    kept = std::move(moved);
    CHECK(count_of(target) == 2);
    CHECK(kept.bind(py).is(target));
    CHECK(count_of(target) == 2);

    const object clone = kept.clone(py);
    CHECK(count_of(target) == 3);
    CHECK(std::move(kept).bind(py).is(target));
    CHECK(kept.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(count_of(target) == 2);
}

TEST_CASE_FIXTURE(with_python, "a reference that is unbound as an rvalue gives its count away") {
    bound target = evaluate("object()");
    const object kept = std::move(target).unbind();
    CHECK(Py_REFCNT(kept.ptr()) == 1);
}

TEST_CASE_FIXTURE(with_python, "an empty object is empty, and may be reset and cloned") {
    object nothing;
    CHECK(nothing.empty());
    CHECK(nothing.ptr() == nullptr);
    nothing.reset();
    CHECK(nothing.clone(py).empty());
}

TEST_CASE_FIXTURE(with_python, "an object that is reset, or dies, under the GIL releases at once") {
    const bound target = evaluate("object()");
    object kept = target.unbind();
    kept.reset();
    CHECK(kept.empty());
    CHECK(count_of(target) == 1);
    {
        const object dies = target.unbind();
    }
    CHECK(count_of(target) == 1);
}

TEST_CASE("an object that dies without the GIL is released by the next who takes it") {
    Py_ssize_t while_kept = 0;
    Py_ssize_t afterwards = 0;
    object watched;
    {
        object dying;
        {
            const gil held;
            const bound target = held.token().import("builtins").attr("object")();
            watched = target.unbind();
            dying = target.unbind();
        }
        std::jthread([moved = std::move(dying)]() mutable { moved.reset(); });
    }
    while_kept = Py_REFCNT(watched.ptr());  // nobody else has it: there is no race
    {
        const gil held;
        afterwards = Py_REFCNT(watched.ptr());
        watched.reset();
    }
    CHECK(while_kept == 2);
    CHECK(afterwards == 1);
}

TEST_CASE_FIXTURE(with_python, "an empty object has nothing to bind, and says so") {
    const std::string message = "SystemError: pyasync: an empty py::object has nothing to bind";
    CHECK(error_of([&] { static_cast<void>(object().bind(py)); }) == message);
    const object empty;
    CHECK(error_of([&] { static_cast<void>(empty.bind(py)); }) == message);
}

}  // namespace
}  // namespace pyasync::py
