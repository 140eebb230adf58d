// tests/uv/operation_queue_test.cpp: who waits in turn, and leaves from any place.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/operation_queue.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <vector>

namespace pyasync::uv::detail {
namespace {

struct waiting {
    std::size_t number;
    waiting* next_ = nullptr;
};

TEST_CASE("first come, first served, whoever has left, and the line goes on behind") {
    for (std::size_t leaves = 0; leaves < 3; ++leaves) {
        std::array<waiting, 4> all{{{0}, {1}, {2}, {3}}};
        operation_queue<waiting> queue;
        CHECK(queue.empty());
        for (std::size_t i = 0; i < 3; ++i) queue.push(all.at(i));
        queue.remove(all.at(leaves));
        queue.push(all[3]);
        std::vector<std::size_t> served;
        while (!queue.empty()) {
            served.push_back(queue.first().number);
            CHECK(queue.pop().number == served.back());
        }
        std::vector<std::size_t> wanted{0, 1, 2, 3};
        wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(leaves));
        CHECK(served == wanted);
    }
}

TEST_CASE("the only one leaves, and another comes") {
    waiting one{1};
    waiting other{2};
    operation_queue<waiting> queue;
    queue.push(one);
    queue.remove(one);
    CHECK(queue.empty());
    queue.push(other);
    CHECK(queue.pop().number == 2);
}

}  // namespace
}  // namespace pyasync::uv::detail
