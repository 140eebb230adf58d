// tests/uv/address_test.cpp: addresses out of words, and what is none.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/address.hpp>

#include <doctest/doctest.h>

#include <string_view>

#include <pyasync/uv/error.hpp>

namespace pyasync::uv {
namespace {

using namespace std::string_view_literals;

TEST_CASE("an address in numbers, with an interface where it names one") {
    CHECK(address("127.0.0.1", 80).to_string() == "127.0.0.1:80");
    CHECK(address("::1", 80).to_string() == "[::1]:80");
    CHECK(address("fe80::1%lo", 80).to_string() == "[fe80::1%lo]:80");
    CHECK(address("fe80::1%1", 80).to_string() == "[fe80::1%lo]:80");  // Linux has the loopback first
}

TEST_CASE("what is no address says why") {
    CHECK_THROWS_WITH_AS(address("localhost", 1), "\"localhost\" as an IP address: Invalid argument", error);
    CHECK_THROWS_WITH_AS(address("127.0.0.1%lo", 1), "\"127.0.0.1%lo\" as an IP address: Invalid argument", error);
    CHECK_THROWS_WITH_AS(address("::1%nosuch", 1), "\"::1%nosuch\" as an IP address: No such device", error);
    CHECK_THROWS_WITH_AS(address("::1%0", 1), "\"::1%0\" as an IP address: No such device", error);
    CHECK_THROWS_WITH_AS(address("::1%1x", 1), "\"::1%1x\" as an IP address: No such device", error);
    CHECK_THROWS_WITH_AS(address("127.0.0.1\0x"sv, 1), "\"127.0.0.1\\0x\" as an IP address: Invalid argument", error);
    CHECK_THROWS_WITH_AS(address("::1%lo\0x"sv, 1), "\"::1%lo\\0x\" as an IP address: Invalid argument", error);
}

}  // namespace
}  // namespace pyasync::uv
