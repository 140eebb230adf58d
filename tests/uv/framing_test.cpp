// tests/uv/framing_test.cpp: cutting bytes into frames, however they come; tests/fuzz has the same under libFuzzer.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/framing.hpp>

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "fuzz/framing.hpp"

namespace pyasync::uv {
namespace {

TEST_CASE("frames are what a string would give, however the bytes come") {
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 5000; ++round) {
        std::vector<std::uint8_t> bytes(random() % 400);
        // Few different ones: so delimiters are found, and parts of them.
        for (std::uint8_t& each : bytes)
            each = static_cast<std::uint8_t>(random() % 6 == 0 ? random() : 'a' + random() % 3);
        CAPTURE(round);
        CHECK_NOTHROW(fuzz::framing(bytes));
    }
}

TEST_CASE("nothing that has been taken is kept") {
    detail::received come;
    come.append("abc");
    CHECK(come.take(2) == "ab");
    come.append("def");
    CHECK(come.view() == "cdef");
    std::size_t searched = 0;
    CHECK(come.end_of("fg", searched) == std::nullopt);
    come.append("g");
    CHECK(come.end_of("fg", searched) == 5);
    CHECK(come.take(5) == "cdefg");
    CHECK(come.empty());
}

}  // namespace
}  // namespace pyasync::uv
