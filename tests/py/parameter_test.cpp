// tests/py/parameter_test.cpp: names and defaults.
// SPDX-License-Identifier: MIT
#include <pyasync/py/parameter.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include <pyasync/py/convert_containers.hpp>
#include "support/python.hpp"

namespace pyasync::py {
namespace {

using test::with_python;

TEST_CASE_FIXTURE(with_python, "a name stands for a parameter that has to be given") {
    const std::vector<parameter> both{"host", arg("port") = 80};
    CHECK(both[0].name() == "host");
    CHECK_FALSE(both[0].may_be_left_out());
    CHECK(both[1].name() == "port");
    REQUIRE(both[1].may_be_left_out());
    CHECK(both[1].default_value(py).to<int>() == 80);
}

TEST_CASE_FIXTURE(with_python, "a default is of any type that has a way to Python") {
    std::string text = "text";
    const parameter kept = arg("a") = text;
    text = "changed";
    CHECK(kept.default_value(py).repr() == "'text'");
    CHECK((arg("a") = "literal").default_value(py).repr() == "'literal'");
    CHECK((arg("a") = std::nullopt).default_value(py).is_none());
    CHECK((arg("a") = std::vector{1, 2}).default_value(py).repr() == "[1, 2]");
}

}  // namespace
}  // namespace pyasync::py
