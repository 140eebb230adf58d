// tests/core/item_queue_test.cpp: the ring between a stream's two sides: order, bounds, who tells whom.
// SPDX-License-Identifier: MIT
#include <pyasync/core/item_queue.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "support/counted.hpp"

namespace pyasync::detail {
namespace {

using test::census;
using test::counted;

TEST_CASE("items come out in their order, and are moved, never copied") {
    const census all;
    item_queue<counted> queue(4);
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i) queue.push(counted(i));
        CHECK(queue.full());
        for (int i = 0; i < 4; ++i) CHECK(queue.pop().number() == i);
        CHECK(queue.empty());
    }
    queue.push(counted(9));  // one that nobody takes dies with the queue
    CHECK(counted::copies == 0);
}

TEST_CASE("without read-ahead it is always full, and has a place for the one that is waited for") {
    item_queue<int> queue(0);
    CHECK(queue.full());
    CHECK(queue.empty());
    CHECK(queue.pause());
    queue.push(1);
    CHECK(queue.pop() == 1);
    CHECK_FALSE(queue.asks_for_more());  // who waits for an item says so himself
}

TEST_CASE("the end comes behind the items, its exception once") {
    item_queue<int> queue(4);
    queue.push(1);
    CHECK_FALSE(queue.ended());
    queue.end(std::make_exception_ptr(std::runtime_error("x")));
    CHECK(queue.ended());
    CHECK_FALSE(queue.empty());
    CHECK(queue.pop() == 1);
    CHECK(queue.take_error() != nullptr);
    CHECK(queue.take_error() == nullptr);
}

TEST_CASE("a producer that pauses is told once, when half of the items are gone") {
    item_queue<int> queue(4);
    CHECK_FALSE(queue.pause());  // there is room
    for (int i = 0; i < 4; ++i) queue.push(std::move(i));
    CHECK(queue.pause());
    CHECK(queue.pop() == 0);
    CHECK_FALSE(queue.asks_for_more());
    CHECK(queue.pop() == 1);
    CHECK(queue.asks_for_more());
    CHECK(queue.pop() == 2);
    CHECK_FALSE(queue.asks_for_more());
}

TEST_CASE("one that went on by itself is not told any more") {
    item_queue<int> queue(1);
    queue.push(1);
    CHECK(queue.pause());
    queue.go_on();
    CHECK(queue.pop() == 1);
    CHECK_FALSE(queue.asks_for_more());
}

TEST_CASE("two threads: everything arrives, in order, and nobody is left waiting") {
    constexpr int count = 100'000;
    for (const std::size_t ahead : {1U, 2U, 64U}) {
        item_queue<std::unique_ptr<int>> queue(ahead);
        std::atomic<int> told = 0;
        std::thread producer([&] {
            for (int i = 0; i < count; ++i) {
                while (queue.full() && queue.pause()) {
                    told.wait(0);
                    told = 0;
                }
                queue.push(std::make_unique<int>(i));
            }
            queue.end(nullptr);
        });
        int expected = 0;
        for (;;) {
            const bool ended = queue.ended();
            if (queue.empty()) {
                if (ended) break;
                std::this_thread::yield();
                continue;
            }
            const bool in_order = *queue.pop() == expected++;
            if (!in_order) FAIL("out of order");
            if (queue.asks_for_more()) {
                told = 1;
                told.notify_one();
            }
        }
        producer.join();
        CHECK(expected == count);
    }
}

}  // namespace
}  // namespace pyasync::detail
