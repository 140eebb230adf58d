// tests/core/exception_group_test.cpp: several exceptions as one, and what they say.
// SPDX-License-Identifier: MIT
#include <pyasync/core/exception_group.hpp>

#include <doctest/doctest.h>

#include <source_location>
#include <stdexcept>
#include <string>

namespace pyasync {
namespace {

TEST_CASE("an exception_group has its exceptions, and says what they say") {
    const std::exception_ptr first = std::make_exception_ptr(std::out_of_range("too far"));
    const std::exception_ptr second = std::make_exception_ptr(42);
    const exception_group group({first, second});
    const exception_group copy = group;
    CHECK(copy.errors() == std::vector{first, second});
    CHECK(copy.what() == std::string("2 tasks have failed:\ntoo far\nan exception that is no std::exception"));
}

TEST_CASE("an exception_group knows the way that its exceptions have come") {
    const std::exception_ptr first = std::make_exception_ptr(1);
    const std::exception_ptr second = std::make_exception_ptr(2);
    const exception_group group({first, second}, {{second, {std::source_location::current()}}});
    CHECK(group.trail_of(first) == nullptr);
    REQUIRE(group.trail_of(second) != nullptr);
    CHECK(group.trail_of(second)->passed.size() == 1);
}

TEST_CASE("there is no empty exception_group") { CHECK_THROWS_AS(exception_group({}), std::invalid_argument); }

}  // namespace
}  // namespace pyasync
