// tests/core/item_ring_test.cpp: items in their order, however the memory for them grows.
// SPDX-License-Identifier: MIT
#include <pyasync/core/item_ring.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <deque>
#include <random>

#include "support/counted.hpp"

namespace pyasync::detail {
namespace {

using test::census;
using test::counted;

TEST_CASE("items come out as they went in, those put in front first") {
    item_ring<int> ring;
    CHECK(ring.empty());
    for (int i = 1; i <= 5; ++i) ring.push(int(i));
    ring.push_front(0);
    CHECK(ring.size() == 6);
    for (int i = 0; i <= 5; ++i) CHECK(ring.pop() == i);
    CHECK(ring.empty());
    ring.push_front(7);
    CHECK(ring.pop() == 7);
}

TEST_CASE("it does what a deque does") {
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::mt19937 random(seed);
    item_ring<int> ring;
    std::deque<int> model;
    for (int i = 0; i < 10'000; ++i) {
        switch (random() % 5) {
            case 0:
                ring.push_front(int(i));
                model.push_front(i);
                break;
            case 1:
            case 2:
                ring.push(int(i));
                model.push_back(i);
                break;
            default:
                if (model.empty()) break;
                REQUIRE(ring.pop() == model.front());
                model.pop_front();
        }
        REQUIRE(ring.size() == model.size());
    }
}

TEST_CASE("what is left in it is destroyed with it, and nothing is copied") {
    const census all;
    item_ring<counted> ring;
    for (int i = 0; i < 20; ++i) ring.push(counted(i));
    for (int i = 0; i < 10; ++i) CHECK(ring.pop().number() == i);
    CHECK(census::alive() == 10);
    CHECK(counted::copies == 0);
}

}  // namespace
}  // namespace pyasync::detail
