// tests/core/inbox_test.cpp: the lock-free queue: order, wake-ups, closing, many producers.
// SPDX-License-Identifier: MIT
#include <pyasync/core/inbox.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <semaphore>
#include <thread>
#include <vector>

namespace pyasync::detail {
namespace {

struct item final : work {
    explicit item(int number_ = 0) noexcept : work(&never), number(number_) {}
    static void never(work&, delivery) noexcept { FAIL_CHECK("an inbox calls no handlers"); }

    int number;
    int producer = 0;
    std::atomic<int> seen = 0;
};

std::vector<int> numbers_in(work_queue queue) {
    std::vector<int> numbers;
    while (!queue.empty()) numbers.push_back(static_cast<item&>(queue.pop()).number);
    return numbers;
}

TEST_CASE("a new inbox sleeps: only the first push asks for a wake-up") {
    inbox box;
    item a, b, c;
    CHECK(box.push(a) == inbox::pushed::wake);
    CHECK(box.push(b) == inbox::pushed::queued);
    CHECK(box.push(c) == inbox::pushed::queued);
}

TEST_CASE("an inbox that its owner has woken asks for no wake-up") {
    inbox box;
    item a, b;
    CHECK(box.awake());
    CHECK_FALSE(box.awake());
    CHECK(box.push(a) == inbox::pushed::queued);
    CHECK_FALSE(box.awake());
    CHECK(numbers_in(box.take()).size() == 1);
    CHECK(box.sleep());
    CHECK(box.push(b) == inbox::pushed::wake);
    CHECK_FALSE(box.awake());
}

TEST_CASE("an inbox gives its items in the order of their arrival") {
    inbox box;
    item a(1), b(2), c(3);
    for (item* pushed : {&a, &b, &c}) static_cast<void>(box.push(*pushed));
    CHECK(numbers_in(box.take()) == std::vector{1, 2, 3});
    CHECK(box.take().empty());
}

TEST_CASE("a chain is pushed as one, and keeps its order and its place") {
    inbox box;
    item a(1), b(2), c(3), d(4);
    work_chain chain;
    for (item* one : {&b, &c}) chain.push(*one);
    static_cast<void>(box.push(a));
    CHECK(box.push(chain) == inbox::pushed::queued);
    static_cast<void>(box.push(d));
    CHECK(numbers_in(box.take()) == std::vector{1, 2, 3, 4});
}

TEST_CASE("a chain that a closed inbox does not take is still whole") {
    inbox box;
    item a(1), b(2);
    work_chain chain;
    for (item* one : {&a, &b}) chain.push(*one);
    CHECK(box.close().empty());
    CHECK(box.push(chain) == inbox::pushed::closed);
    CHECK(numbers_in(chain.take()) == std::vector{1, 2});
    CHECK(chain.empty());
}

TEST_CASE("an item may be pushed again once it has been taken") {
    inbox box;
    item a(1), b(2);
    static_cast<void>(box.push(a));
    static_cast<void>(box.push(b));
    CHECK(numbers_in(box.take()) == std::vector{1, 2});
    static_cast<void>(box.push(b));
    static_cast<void>(box.push(a));
    CHECK(numbers_in(box.take()) == std::vector{2, 1});
}

TEST_CASE("taking wakes an inbox: no push asks for a wake-up until it sleeps again") {
    inbox box;
    item a, b, c;
    CHECK(box.take().empty());
    CHECK(box.push(a) == inbox::pushed::queued);
    CHECK_FALSE(box.take().empty());
    CHECK(box.push(b) == inbox::pushed::queued);
    CHECK_FALSE(box.take().empty());
    CHECK(box.sleep());
    CHECK(box.push(c) == inbox::pushed::wake);
}

TEST_CASE("an inbox that something has come to does not fall asleep") {
    inbox box;
    item a(1);
    CHECK(box.take().empty());
    CHECK(box.push(a) == inbox::pushed::queued);
    CHECK_FALSE(box.sleep());
    CHECK(numbers_in(box.take()) == std::vector{1});
    CHECK(box.sleep());
}

TEST_CASE("an inbox is empty asleep and awake, until something comes") {
    inbox box;
    item a;
    CHECK(box.empty());
    static_cast<void>(box.push(a));
    CHECK_FALSE(box.empty());
    static_cast<void>(box.take());
    CHECK(box.empty());
    CHECK(box.sleep());
    CHECK(box.empty());
}

TEST_CASE("closing an inbox gives what had come, and refuses the rest") {
    inbox box;
    item a(1), b(2), late(3);
    static_cast<void>(box.push(a));
    static_cast<void>(box.push(b));
    CHECK(numbers_in(box.close()) == std::vector{1, 2});
    CHECK(box.push(late) == inbox::pushed::closed);
    CHECK(box.take().empty());
    CHECK(box.push(late) == inbox::pushed::closed);
    CHECK_FALSE(box.sleep());
    CHECK(box.push(late) == inbox::pushed::closed);
}

TEST_CASE("an inbox closes asleep, awake and closed") {
    inbox asleep, awake;
    item late;
    CHECK(asleep.close().empty());
    static_cast<void>(awake.take());
    CHECK(awake.close().empty());
    CHECK(awake.close().empty());
    CHECK(asleep.push(late) == inbox::pushed::closed);
    CHECK(awake.push(late) == inbox::pushed::closed);
}

constexpr int producers = 4;

/// Starts the producers at once; each pushes its own items, in order, and calls `tell` with each answer.
template <typename Tell>
std::vector<std::jthread> start_producers(inbox& box, std::vector<std::vector<item>>& items, Tell tell) {
    std::vector<std::jthread> threads;
    for (std::vector<item>& own : items) {
        threads.emplace_back([&box, &own, tell] {
            for (item& each : own) tell(each, box.push(each));
        });
    }
    return threads;
}

std::vector<std::vector<item>> items_for_producers(std::size_t each) {
    std::vector<std::vector<item>> items;
    for (int producer = 0; producer < producers; ++producer) {
        std::vector<item> own(each);
        for (std::size_t i = 0; i < each; ++i) {
            own[i].number = static_cast<int>(i);
            own[i].producer = producer;
        }
        items.push_back(std::move(own));
    }
    return items;
}

TEST_CASE("many producers: every item arrives once, in its producer's order, with one wake-up a sleep") {
    constexpr std::size_t each = 50'000;
    inbox box;
    std::vector<std::vector<item>> items = items_for_producers(each);
    std::counting_semaphore<> wake(0);
    std::atomic<int> wakes = 0;
    int sleeps = 1;  // a new inbox sleeps

    const auto threads = start_producers(box, items, [&](item&, inbox::pushed how) {
        if (how != inbox::pushed::wake) return;
        ++wakes;
        wake.release();
    });
    std::vector<int> next(producers, 0);
    bool in_order = true;
    wake.acquire();
    for (std::size_t arrived = 0; arrived < producers * each;) {
        work_queue batch = box.take();
        while (!batch.empty()) {
            item& come = static_cast<item&>(batch.pop());
            ++come.seen;
            ++arrived;
            int& expected = next[static_cast<std::size_t>(come.producer)];
            if (come.number != expected++) in_order = false;
        }
        if (arrived < producers * each && box.sleep()) {
            ++sleeps;
            wake.acquire();  // a lost wake-up hangs here
        }
    }
    CHECK(in_order);
    CHECK(next == std::vector<int>(producers, each));
    CHECK(wakes == sleeps);
    bool once = true;
    for (const auto& own : items) {
        for (const item& come : own) once = once && come.seen == 1;
    }
    CHECK(once);
}

TEST_CASE("closing under many producers: every item is either taken or refused") {
    constexpr std::size_t each = 20'000;
    inbox box;
    std::vector<std::vector<item>> items = items_for_producers(each);
    std::atomic<std::size_t> refused = 0;
    auto threads = start_producers(box, items, [&](item& pushed, inbox::pushed how) {
        if (how != inbox::pushed::closed) return;
        ++pushed.seen;
        ++refused;
    });
    std::size_t taken = 0;
    const auto count = [&taken](work_queue queue) {
        while (!queue.empty()) {
            ++static_cast<item&>(queue.pop()).seen;
            ++taken;
        }
    };
    while (taken < each) count(box.take());
    count(box.close());
    threads.clear();
    CHECK(taken + refused == producers * each);
    bool once = true;
    for (const auto& own : items) {
        for (const item& come : own) once = once && come.seen == 1;
    }
    CHECK(once);
}

}  // namespace
}  // namespace pyasync::detail
