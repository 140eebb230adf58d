// tests/py/arguments_test.cpp: sorting what a caller gives.
// SPDX-License-Identifier: MIT
#include <pyasync/py/arguments.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/py/function.hpp>
#include "support/python.hpp"

namespace pyasync::py {
namespace {

using detail::parameter_list;
using test::error_of;
using test::with_python;

/// A function that shows what has reached it.
bound shown(python py, const std::vector<parameter>& named) {
    return function(
        py, "f", [](int a, int b, int c) { return std::to_string(a) + std::to_string(b) + std::to_string(c); }, "",
        named);
}

TEST_CASE_FIXTURE(with_python, "arguments reach their parameters by place, by name, and by default") {
    const bound f = shown(py, {"a", arg("b") = 2, arg("c") = 3});
    CHECK(f(1).to<std::string>() == "123");
    CHECK(f(4, 5).to<std::string>() == "453");
    CHECK(f(4, 5, 6).to<std::string>() == "456");
    CHECK(f(4, kw("c") = 6).to<std::string>() == "426");
    CHECK(f(kw("c") = 6, kw("b") = 5, kw("a") = 4).to<std::string>() == "456");
}

TEST_CASE_FIXTURE(with_python, "what does not fit is the error of a function of Python's, word for word") {
    const bound ours = shown(py, {"a", "b", arg("c") = 3});
    const bound theirs = run("def f(a, b, c=3): pass\n")["f"];
    const auto same = [&](auto... given) {
        const std::string error = error_of([&] { ours(given...); });
        CHECK(error == error_of([&] { theirs(given...); }));
        CHECK(error.starts_with("TypeError: f() "));
    };
    same();
    same(1);
    same(1, 2, 3, 4);
    same(1, 2, 3, 4, 5);
    same(kw("a") = 1);
    same(kw("c") = 1);
    same(1, kw("a") = 1);
    same(1, 2, kw("d") = 1);
    const bound three = shown(py, {"a", "b", "c"});
    const bound their_three = run("def f(a, b, c): pass\n")["f"];
    CHECK(error_of([&] { three(); }) == error_of([&] { their_three(); }));
    CHECK(error_of([&] { three(1); }) == error_of([&] { their_three(1); }));
    CHECK(error_of([&] { three(1, 2, 3, 4); }) == error_of([&] { their_three(1, 2, 3, 4); }));
}

TEST_CASE_FIXTURE(with_python, "a default is made once, as in Python") {
    int made = 0;
    const parameter counting("a", [&made](python p) { return p.value(++made); });
    const bound f = function(py, "f", [](int a) { return a; }, "", {counting});
    CHECK(f().to<int>() == 1);
    CHECK(f().to<int>() == 1);
    CHECK(made == 1);
}

TEST_CASE_FIXTURE(with_python, "names that do not fit the function are refused") {
    CHECK_THROWS_WITH_AS(parameter_list(py, 2, {"a"}), "pyasync: 1 name for 2 parameters", std::logic_error);
    CHECK_THROWS_WITH_AS(parameter_list(py, 2, {arg("a") = 1, "b"}),
                         "pyasync: parameter 'b' has no default, but follows one that has", std::logic_error);
}

}  // namespace
}  // namespace pyasync::py
