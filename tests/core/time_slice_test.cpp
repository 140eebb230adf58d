// tests/core/time_slice_test.cpp: when a slice is over, for items of any length.
// SPDX-License-Identifier: MIT
#include <pyasync/core/time_slice.hpp>

#include <doctest/doctest.h>

namespace pyasync::detail {
namespace {

using namespace std::chrono_literals;

void take(time_slice::clock::duration length) {
    for (const auto end = time_slice::clock::now() + length; time_slice::clock::now() < end;) continue;
}

/// How many items of that length a slice has, or one more than `most`.
long items_in(time_slice& slice, time_slice::clock::duration length, long most) {
    long items = 0;
    do {
        take(length);
        ++items;
    } while (!slice.is_over() && items <= most);
    return items;
}

TEST_CASE("a slice of long items is over after two milliseconds, counted from the end of the first of them") {
    time_slice slice;
    for (int i = 0; i < 3; ++i) {
        slice.begin();
        CHECK(items_in(slice, 1ms, 3) <= 3);
    }
}

TEST_CASE("a slice of short items lasts for two milliseconds") {
    time_slice slice;
    const auto begin = time_slice::clock::now();
    slice.begin();
    while (!slice.is_over()) continue;
    CHECK(time_slice::clock::now() - begin >= 2ms);
}

TEST_CASE("long items are found out after short ones") {
    time_slice slice;
    slice.begin();
    while (!slice.is_over()) continue;
    slice.begin();
    CHECK(items_in(slice, 1ms, 32) <= 32);
    slice.begin();
    CHECK(items_in(slice, 1ms, 3) <= 3);
}

TEST_CASE("a slice is over at its limit") {
    time_slice slice;
    slice.begin(time_slice::clock::now());
    CHECK(items_in(slice, 0ms, 1) == 1);
}

}  // namespace
}  // namespace pyasync::detail
