// tests/py/function_test.cpp: C++ functions that Python calls.
// SPDX-License-Identifier: MIT
#include <pyasync/py/function.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/py/convert_containers.hpp>
#include "support/counted.hpp"
#include "support/python.hpp"

namespace pyasync::py {
namespace {

using test::census;
using test::counted;
using test::error_of;
using test::with_python;

int triple(int n) { return 3 * n; }
int triple_noexcept(int n) noexcept { return 3 * n; }

struct multiplier {
    int factor;
    int operator()(int n) const { return factor * n; }
};
struct counter {
    int count = 0;
    int operator()() noexcept { return ++count; }
};

TEST_CASE_FIXTURE(with_python, "functions, lambdas and function objects become Python functions") {
    CHECK(function(py, "f", &triple)(2).to<int>() == 6);
    CHECK(function(py, "f", triple)(2).to<int>() == 6);
    CHECK(function(py, "f", &triple_noexcept)(2).to<int>() == 6);
    CHECK(function(py, "f", [](int a, int b) { return a - b; })(5, 3).to<int>() == 2);
    CHECK(function(py, "f", multiplier{5})(2).to<int>() == 10);
    const bound counting = function(py, "f", counter());
    counting();
    CHECK(counting().to<int>() == 2);
    int calls = 0;
    const bound mutating = function(py, "f", [calls]() mutable { return ++calls; });
    mutating();
    CHECK(mutating().to<int>() == 2);
}

TEST_CASE_FIXTURE(with_python, "arguments and results are converted") {
    const bound made = function(py, "join", [](const std::vector<std::string>& parts, std::optional<int> limit) {
        std::string joined;
        for (const std::string& part : parts) joined += part;
        return std::pair(joined, limit.value_or(-1));
    });
    CHECK(made(std::vector<std::string>{"a", "b"}, py.none()).repr() == "('ab', -1)");
    CHECK(made(std::vector<std::string>{}, 3).repr() == "('', 3)");
}

TEST_CASE_FIXTURE(with_python, "a function that returns nothing returns None") {
    bool called = false;
    CHECK(function(py, "f", [&called] { called = true; })().is_none());
    CHECK(called);
}

TEST_CASE_FIXTURE(with_python, "a leading token is not a parameter") {
    const bound only_token = function(py, "f", [](python inner) { return inner.import("math").attr("pi"); });
    CHECK(only_token().to<double>() == doctest::Approx(3.14159265));
    const bound with_more = function(py, "f", [](python inner, int n) { return inner.value(n + 1); });
    CHECK(with_more(1).to<int>() == 2);
    CHECK(error_of([&] { with_more(); }) == "TypeError: f() takes 1 positional argument but 0 were given");
}

TEST_CASE_FIXTURE(with_python, "references may be taken and given") {
    const bound identity = function(py, "identity", [](const bound& value) { return value; });
    const bound target = evaluate("object()");
    CHECK(identity(target).is(target));
    std::optional<object> kept;
    const bound keep = function(py, "keep", [&kept](object value) { kept = std::move(value); });
    keep(target);
    REQUIRE(kept.has_value());
    CHECK(kept->bind(py).is(target));
}

TEST_CASE_FIXTURE(with_python, "a wrong number of arguments is Python's own error, word for word") {
    const bound none = function(py, "none", [] {});
    const bound one = function(py, "one", [](int) {});
    const bound two = function(py, "two", [](int, int) {});
    CHECK(error_of([&] { none(1); }) == "TypeError: none() takes 0 positional arguments but 1 was given");
    CHECK(error_of([&] { one(); }) == "TypeError: one() takes 1 positional argument but 0 were given");
    CHECK(error_of([&] { one(1, 2); }) == "TypeError: one() takes 1 positional argument but 2 were given");
    CHECK(error_of([&] { two(1); }) == "TypeError: two() takes 2 positional arguments but 1 was given");
    CHECK(error_of([&] { one(kw("n") = 1); }).ends_with("one() takes no keyword arguments"));
}

TEST_CASE_FIXTURE(with_python, "an argument that does not fit is named by its place") {
    bool called = false;
    const bound two = function(py, "two", [&called](int, const std::vector<std::string>&) { called = true; });
    CHECK(error_of([&] { two("x", std::vector<std::string>{}); }) ==
          "TypeError: two() argument 1: expected int, got str");
    CHECK(error_of([&] { two(1, std::vector{1}); }) == "TypeError: two() argument 2: item 0: expected str, got int");
    CHECK(error_of([&] { two(evaluate("2 ** 40"), std::vector<std::string>{}); }) ==
          "OverflowError: two() argument 1: 1099511627776 is not in the range -2147483648 to 2147483647");
    CHECK(error_of([&] { two("x", 1); }) == "TypeError: two() argument 1: expected int, got str");
    CHECK_FALSE(called);
}

TEST_CASE_FIXTURE(with_python, "what a function throws is raised") {
    const bound failing = function(py, "failing", [](int n) -> int {
        if (n == 0) throw std::invalid_argument("not zero");
        if (n == 1) throw std::runtime_error("odd");
        throw n;
    });
    CHECK(error_of([&] { failing(0); }) == "ValueError: not zero");
    CHECK(error_of([&] { failing(1); }) == "pyasync.CppError: std::runtime_error: odd");
    CHECK(error_of([&] { failing(2); }) == "pyasync.CppError: an exception of type int");
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(with_python, "what Python raises in a function arrives in Python as the same object") {
    const bound variables =
        run("raised = ValueError('the one')\n"
            "def fail(): raise raised\n"
            "def catch(function):\n"
            "    try: function()\n"
            "    except ValueError as error: return error\n");
    const bound through_cpp =
        function(py, "through_cpp", [fail = variables["fail"].unbind()](python inner) { fail.bind(inner)(); });
    CHECK(variables["catch"](through_cpp).is(variables["raised"]));
}

TEST_CASE_FIXTURE(with_python, "a result that has no value in Python is raised") {
    const bound bad_text = function(py, "bad_text", [] { return std::string("\xff"); });
    CHECK(error_of([&] { bad_text(); }).starts_with("UnicodeDecodeError: "));
}

TEST_CASE_FIXTURE(with_python, "a function has its name and its documentation") {
    const bound named = function(py, "named", [] {}, "What it does.");
    CHECK(named.attr("__name__").to<std::string>() == "named");
    CHECK(named.attr("__doc__").to<std::string>() == "What it does.");
    CHECK(function(py, "bare", [] {}).attr("__name__").to<std::string>() == "bare");
    CHECK(named.repr() == "<C++ function named>");
    // Both outlive the strings that they were made of.
    std::string name = "temporary";
    const bound temporary = function(py, name.c_str(), [] {});
    name.assign("overwritten");
    CHECK(temporary.attr("__name__").to<std::string>() == "temporary");
}

TEST_CASE_FIXTURE(with_python, "a Python function owns the C++ one, and destroys it with itself") {
    const census all;
    {
        const bound owner = function(py, "f", [value = counted(4)] { return value.number(); });
        CHECK(census::alive() == 1);
        CHECK(owner().to<int>() == 4);
        CHECK(counted::copies == 0);
    }
    CHECK(census::alive() == 0);
}

TEST_CASE_FIXTURE(with_python, "a function may be called while it is called, and outlive its name") {
    const bound variables =
        run("def twice(function, n): return function(function(n))\n"
            "def descend(function, n): return function(function, n)\n");
    CHECK(variables["twice"](function(py, "f", [](int n) { return 10 * n; }), 1).to<int>() == 100);
    const bound recursive =
        function(py, "f", [](const bound& self, int n) -> int { return n == 0 ? 0 : n + self(self, n - 1).to<int>(); });
    CHECK(variables["descend"](recursive, 4).to<int>() == 10);
}

TEST_CASE_FIXTURE(with_python, "a function may own what can only be moved") {
    const bound made = function(py, "f", [owned = std::make_unique<int>(7)] { return *owned; });
    CHECK(made().to<int>() == 7);
}

}  // namespace
}  // namespace pyasync::py
