// tests/core/task_test.cpp: the coroutine type: when it runs, what it gives, who owns what.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::census;
using test::counted;
using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::run;

static_assert(!std::is_copy_constructible_v<task<int>> && !std::is_copy_assignable_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<int>>);
static_assert(std::is_same_v<task<int>::value_type, int> && std::is_same_v<task<>::value_type, void>);

TEST_CASE("a task that is not awaited does not run") {
    bool ran = false;
    const auto body = [&]() -> task<> {
        ran = true;
        co_return;
    };
    {
        const task<> never = body();
        CHECK_FALSE(ran);
    }
    CHECK_FALSE(ran);
}

TEST_CASE("a task runs when it is awaited, on the spot") {
    manual_executor executor;
    std::vector<int> order;
    const auto child = [&]() -> task<> {
        order.push_back(2);
        co_return;
    };
    const auto parent = [&]() -> task<> {
        task<> prepared = child();
        order.push_back(1);
        co_await std::move(prepared);
        order.push_back(3);
    };
    run(executor, parent());
    CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("a task gives a value, nothing, and what can only be moved") {
    manual_executor executor;
    const auto number = []() -> task<int> { co_return 4; };
    const auto nothing = []() -> task<> { co_return; };
    const auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
    const auto body = [&]() -> task<int> {
        co_await nothing();
        const int four = co_await number();
        const std::unique_ptr<int> five = co_await owner();
        co_return four + *five;
    };
    CHECK(run(executor, body()) == 9);
}

TEST_CASE("what a task returns is converted to its type") {
    manual_executor executor;
    const auto body = []() -> task<std::string> { co_return "text"; };
    CHECK(run(executor, body()) == "text");
}

TEST_CASE("a task's value is moved on its way, never copied") {
    const census all;
    manual_executor executor;
    const auto child = []() -> task<counted> { co_return counted(6); };
    const auto body = [&]() -> task<int> {
        const counted received = co_await child();
        co_return received.number();
    };
    CHECK(run(executor, body()) == 6);
    CHECK(counted::copies == 0);
}

TEST_CASE("an exception leaves through the co_await") {
    manual_executor executor;
    const auto child = []() -> task<int> {
        throw std::runtime_error("no number");
        co_return 1;
    };
    const auto body = [&]() -> task<std::string> {
        try {
            co_await child();
            co_return "no exception";
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
    };
    CHECK(run(executor, body()) == "no number");
}

TEST_CASE("an exception after a wait leaves through the co_await") {
    manual_executor executor;
    manual_operation<> operation;
    const auto child = [&]() -> task<int> {
        co_await operation;
        throw std::runtime_error("later");
    };
    const auto body = [&]() -> task<std::string> {
        try {
            co_await child();
            co_return "no exception";
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
    };
    future<std::string> running = launch(body(), executor);
    executor.run_all();
    operation.end_with();
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == "later");
}

TEST_CASE("an exception thrown through many tasks reaches the first that catches it") {
    manual_executor executor;
    struct recursion {
        static task<int> down(int depth) {
            if (depth == 0) throw std::out_of_range("the bottom");
            co_return co_await down(depth - 1) + 1;
        }
    };
    CHECK_THROWS_WITH_AS(run(executor, recursion::down(20)), "the bottom", std::out_of_range);
}

TEST_CASE("a child that waits gives control back, and its parent goes on when it has ended") {
    manual_executor executor;
    manual_operation<int> operation;
    std::vector<std::string> order;
    const auto child = [&]() -> task<int> {
        order.emplace_back("child waits");
        const int value = co_await operation;
        order.emplace_back("child ends");
        co_return value;
    };
    const auto parent = [&]() -> task<int> {
        const int value = co_await child();
        order.emplace_back("parent ends");
        co_return value + 1;
    };
    future<int> running = launch(parent(), executor);
    executor.run_all();
    CHECK(order == std::vector<std::string>{"child waits"});
    operation.end_with(1);
    executor.run_all();
    CHECK(order == std::vector<std::string>{"child waits", "child ends", "parent ends"});
    CHECK(outcome_of(std::move(running)) == 2);
}

TEST_CASE("moved tasks keep their coroutines") {
    manual_executor executor;
    const auto number = [](int n) -> task<int> { co_return n; };
    task<int> first = number(1);
    task<int> second = number(2);
    task<int> moved = std::move(first);
    second = std::move(moved);
    CHECK(run(executor, std::move(second)) == 1);
}

task<int> by_value(counted argument) { co_return argument.number(); }

task<int> by_value_with_wait(counted argument, manual_operation<>& operation) {
    co_await operation;
    co_return argument.number();
}

TEST_CASE("the parameters of a task that never starts are destroyed once") {
    const census all;
    {
        const task<int> never = by_value(counted(1));
        CHECK(census::alive() == 1);
    }
    CHECK(census::alive() == 0);
    CHECK(counted::copies == 0);
}

TEST_CASE("the parameters of a task are destroyed once it has been awaited") {
    const census all;
    manual_executor executor;
    int alive_after = -1;
    const auto body = [&]() -> task<int> {
        const int number = co_await by_value(counted(2));
        alive_after = census::alive();
        co_return number;
    };
    CHECK(run(executor, body()) == 2);
    CHECK(alive_after == 0);
    CHECK(counted::copies == 0);
}

TEST_CASE("the parameters of a task that waits live until it has ended") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    future<int> running = launch(by_value_with_wait(counted(3), operation), executor);
    executor.run_all();
    CHECK(census::alive() == 1);
    operation.end_with();
    executor.run_all();
    CHECK(census::alive() == 0);
    CHECK(outcome_of(std::move(running)) == 3);
    CHECK(counted::copies == 0);
}

TEST_CASE("the parameters and locals of a task are destroyed when an exception leaves it") {
    const census all;
    manual_executor executor;
    const auto failing = [](counted) -> task<> {
        const counted local(8);
        throw std::runtime_error("gone");
        co_return;
    };
    CHECK_THROWS_WITH(run(executor, failing(counted(7))), "gone");
    CHECK(census::alive() == 0);
}

TEST_CASE("the parameters and locals of a task are destroyed when it is cancelled") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    future<int> running = launch(by_value_with_wait(counted(3), operation), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(census::alive() == 0);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("the parameters of a task are destroyed once where it was prepared, kept and then awaited") {
    const census all;
    manual_executor executor;
    const auto body = []() -> task<int> {
        std::vector<task<int>> prepared;
        for (int i = 1; i <= 3; ++i) prepared.push_back(by_value(counted(i)));
        int sum = co_await std::move(prepared[0]);
        sum += co_await std::move(prepared[2]);
        co_return sum;  // the second one never starts
    };
    CHECK(run(executor, body()) == 4);
    CHECK(census::alive() == 0);
    CHECK(counted::copies == 0);
}

TEST_CASE("a reference parameter is good as long as the caller awaits in the same expression") {
    manual_executor executor;
    const auto length = [](const std::string& text) -> task<std::size_t> { co_return text.size(); };
    const auto body = [&]() -> task<std::size_t> { co_return co_await length(std::string(40, 'x')); };
    CHECK(run(executor, body()) == 40);
}

}  // namespace
}  // namespace pyasync
