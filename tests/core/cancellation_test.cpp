// tests/core/cancellation_test.cpp: a cancellation is an event: it is thrown once, where the task waits.
// SPDX-License-Identifier: MIT
#include <pyasync/core/cancellation.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::when_cancelled;

TEST_CASE("cancelled is an exception that says what it is") {
    CHECK(std::string(cancelled().what()) == "the task was cancelled");
}

TEST_CASE("cancelling a task throws from the wait that it is in") {
    manual_executor executor;
    manual_operation<> operation;
    bool went_on = false;
    const auto body = [&]() -> task<> {
        co_await operation;
        went_on = true;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    REQUIRE(operation.awaited());

    running.cancel();
    CHECK(operation.cancellations() == 0);  // only on the task's own thread
    executor.run_all();
    CHECK(operation.cancellations() == 1);
    CHECK_FALSE(operation.awaited());
    CHECK_FALSE(went_on);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("cancelling reaches the innermost wait, and unwinds outwards") {
    manual_executor executor;
    manual_operation<> operation;
    std::vector<std::string> left;
    const auto inner = [&]() -> task<> {
        try {
            co_await operation;
        } catch (const cancelled&) {
            left.emplace_back("inner");
            throw;
        }
    };
    const auto outer = [&]() -> task<> {
        try {
            co_await inner();
        } catch (const cancelled&) {
            left.emplace_back("outer");
            throw;
        }
    };
    future<> running = launch(outer(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(left == std::vector<std::string>{"inner", "outer"});
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a task that swallows its cancellation may wait again, and ends as it likes") {
    manual_executor executor;
    manual_operation<> first;
    manual_operation<int> second;
    const auto body = [&]() -> task<int> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_return co_await second;
    };
    future<int> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    REQUIRE(second.awaited());
    CHECK(second.cancellations() == 0);
    second.end_with(8);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 8);
}

TEST_CASE("a task can be cancelled again after it has swallowed a cancellation") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto body = [&]() -> task<> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_await second;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    REQUIRE(second.awaited());
    running.cancel();
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(second.cancellations() == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("cancellations that arrive together are one") {
    manual_executor executor;
    manual_operation<> operation(when_cancelled::carries_on);
    const auto body = [&]() -> task<> { co_await operation; };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    running.cancel();
    executor.run_all();
    CHECK(operation.cancellations() == 1);
    operation.end_with();
    executor.run_all();
    CHECK_NOTHROW(outcome_of(std::move(running)));
}

TEST_CASE("an operation that does not let itself be cancelled gives its result") {
    manual_executor executor;
    manual_operation<int> operation(when_cancelled::carries_on);
    const auto body = [&]() -> task<int> { co_return co_await operation; };
    future<int> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK_FALSE(running.done());
    operation.end_with(5);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 5);
}

TEST_CASE("a cancellation that comes while the task computes is thrown at its next wait, exactly once") {
    manual_executor executor;
    manual_operation<> operation;
    int thrown = 0;
    bool computed_on = false;
    const auto body = [&]() -> task<int> {
        detail::task_context::current()->cancel();
        computed_on = true;
        try {
            co_await operation;
        } catch (const cancelled&) {
            ++thrown;
        }
        try {
            co_await operation;
        } catch (const cancelled&) {
            ++thrown;
        }
        co_return 1;
    };
    future<int> running = launch(body(), executor);
    executor.run_all();
    CHECK(computed_on);
    CHECK(thrown == 1);
    REQUIRE(operation.awaited());
    CHECK(operation.cancellations() == 0);
    operation.end_with();
    executor.run_all();
    CHECK(thrown == 1);
    CHECK(outcome_of(std::move(running)) == 1);
}

TEST_CASE("a cancellation on its way when the wait has ended is thrown at the next wait") {
    manual_executor executor;
    manual_operation<> first, second;
    bool first_ended_well = false;
    const auto body = [&]() -> task<> {
        co_await first;
        first_ended_well = true;
        co_await second;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    first.end_with();  // posted before the cancellation
    running.cancel();
    executor.run_all();
    CHECK(first_ended_well);
    CHECK(first.cancellations() == 0);
    CHECK(second.cancellations() == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a cancellation that finds no further wait changes nothing") {
    manual_executor executor;
    const auto body = []() -> task<int> {
        detail::task_context::current()->cancel();
        co_return 2;
    };
    CHECK(test::run(executor, body()) == 2);
}

TEST_CASE("a cancellation before the start is thrown at the first wait") {
    manual_executor executor;
    manual_operation<> operation;
    bool began = false;
    const auto body = [&]() -> task<> {
        began = true;
        co_await operation;
    };
    future<> running = launch(body(), executor);
    running.cancel();
    executor.run_all();
    CHECK(began);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("cancelling a task that has ended changes nothing") {
    manual_executor executor;
    const auto body = []() -> task<int> { co_return 3; };
    future<int> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    CHECK(executor.run_all() == 0);
    CHECK(outcome_of(std::move(running)) == 3);
}

}  // namespace
}  // namespace pyasync
