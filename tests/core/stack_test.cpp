// tests/core/stack_test.cpp: how much stack tasks take, without optimisation.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <ranges>
#include <stdexcept>

#include <pyasync/core/when_all.hpp>
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::run;

constexpr int many = 1'000'000;
#ifdef __SANITIZE_ADDRESS__
constexpr int many_slow = 5'000;  // its stack frames are large, and it takes half a millisecond for an exception
#else
constexpr int many_slow = 100'000;
#endif

task<int> one() { co_return 1; }

TEST_CASE("a million children that end at once, in a loop, leave the stack flat") {
    manual_executor executor;
    const auto body = []() -> task<int> {
        int sum = 0;
        for (int i = 0; i < many; ++i) sum += co_await one();
        co_return sum;
    };
    CHECK(run(executor, body()) == many);
}

TEST_CASE("very many children that fail at once, in a loop, leave the stack flat") {
    manual_executor executor;
    const auto failing = []() -> task<int> {
        throw 1;
        co_return 0;
    };
    const auto body = [&]() -> task<int> {
        int caught = 0;
        for (int i = 0; i < many_slow; ++i) {
            try {
                co_await failing();
            } catch (int) {
                ++caught;
            }
        }
        co_return caught;
    };
    CHECK(run(executor, body()) == many_slow);
}

TEST_CASE("very many children that wait, in a loop, leave the stack flat") {
    manual_executor executor;
    manual_operation<int> operation;
    const auto child = [&]() -> task<int> { co_return co_await operation; };
    const auto body = [&]() -> task<int> {
        int sum = 0;
        for (int i = 0; i < many_slow; ++i) sum += co_await child();
        co_return sum;
    };
    future<int> running = launch(body(), executor);
    executor.run_all();
    while (operation.awaited()) {
        operation.end_with(1);
        executor.run_all();
    }
    CHECK(outcome_of(std::move(running)) == many_slow);
}

TEST_CASE("ended futures that are awaited in a loop leave the stack flat") {
    manual_executor executor, other;
    const auto body = [&]() -> task<int> {
        int sum = 0;
        for (int i = 0; i < many_slow; ++i) {
            future<int> ended = launch(one(), other);
            other.run_all();
            sum += co_await std::move(ended);
        }
        co_return sum;
    };
    CHECK(run(executor, body()) == many_slow);
}

struct recursion {
    static task<int> down(int depth, manual_operation<>& bottom) {
        if (depth == 0) {
            co_await bottom;
            co_return 0;
        }
        co_return co_await down(depth - 1, bottom) + 1;
    }
};

TEST_CASE("tasks nest a thousand deep, and unwind") {
    constexpr int depth = 1000;
    manual_executor executor;
    manual_operation<> bottom;
    future<int> running = launch(recursion::down(depth, bottom), executor);
    executor.run_all();
    REQUIRE(bottom.awaited());
    SUBCASE("with a value") {
        bottom.end_with();
        executor.run_all();
        CHECK(outcome_of(std::move(running)) == depth);
    }
    SUBCASE("with a cancellation") {
        running.cancel();
        executor.run_all();
        CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    }
}

TEST_CASE("children nest ten thousand deep, and unwind") {
    struct nested {
        static task<int> down(int depth, manual_operation<>& bottom) {
            if (depth == 0) {
                co_await bottom;
                co_return 0;
            }
            auto [below] = co_await when_all(down(depth - 1, bottom));
            co_return below + 1;
        }
    };
    constexpr int depth = std::min(many_slow, 10'000);
    manual_executor executor;
    manual_operation<> bottom;
    future<int> running = launch(nested::down(depth, bottom), executor);
    executor.run_all();
    REQUIRE(bottom.awaited());
    SUBCASE("with a value") {
        bottom.end_with();
        executor.run_all();
        CHECK(outcome_of(std::move(running)) == depth);
    }
    SUBCASE("with a cancellation") {
        running.cancel();
        executor.run_all();
        CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    }
    SUBCASE("with a failure") {
        bottom.fail(std::make_exception_ptr(std::out_of_range("the bottom")));
        executor.run_all();
        CHECK_THROWS_AS(outcome_of(std::move(running)), std::out_of_range);
    }
}

TEST_CASE("a hundred thousand children at once") {
    static constexpr int wide = 100'000;
    manual_executor executor;
    SUBCASE("that end at once") {
        const auto body = []() -> task<int> {
            const auto ones =
                co_await when_all(std::views::iota(0, wide) | std::views::transform([](int) { return one(); }));
            co_return std::accumulate(ones.begin(), ones.end(), 0);
        };
        CHECK(run(executor, body()) == wide);
    }
    SUBCASE("that are cancelled") {
        constexpr int fewer = std::min(wide, many_slow);
        manual_operation<> operation;
        const auto child = [&](int n) -> task<> {
            if (n == 0) co_await operation;
            manual_operation<> own;
            co_await own;
        };
        const auto body = [&]() -> task<> {
            co_await when_all(std::views::iota(0, fewer) | std::views::transform(child));
        };
        future<> running = launch(body(), executor);
        executor.run_all();
        SUBCASE("from outside") { running.cancel(); }
        SUBCASE("since one of them fails") { operation.fail(std::make_exception_ptr(std::out_of_range("one"))); }
        executor.run_all();
        CHECK_THROWS(outcome_of(std::move(running)));
    }
}

}  // namespace
}  // namespace pyasync
