// tests/core/when_any_test.cpp: several at once: the first one to end, and the end of the others.
// SPDX-License-Identifier: MIT
#include <pyasync/core/when_any.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <pyasync/core/exception_group.hpp>
#include "support/children.hpp"
#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::census;
using test::counted;
using test::error;
using test::fail_when_cancelled;
using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::run;
using test::wait_for;
using test::when_cancelled;

task<int> swallow(manual_operation<>& operation) {
    try {
        co_await operation;
    } catch (const cancelled&) {
    }
    co_return 1;
}

template <typename T>
using some = std::vector<task<T>>;
template <typename Awaitable>
using awaited = detail::awaited_type<Awaitable>;
static_assert(std::is_same_v<awaited<decltype(when_any(std::declval<task<int>>(), std::declval<task<>>()))>,
                             std::variant<int, std::monostate>>);
static_assert(std::is_same_v<awaited<decltype(when_any(some<int>()))>, std::pair<std::size_t, int>>);
static_assert(std::is_same_v<awaited<decltype(when_any(some<void>()))>, std::size_t>);

TEST_CASE("when_any gives the first value and its place, when the others have unwound") {
    manual_executor executor;
    manual_operation<int> first;
    manual_operation<> second, cleanup;
    manual_operation<std::string> third;
    const auto cleaning_up = [&]() -> task<> {
        try {
            co_await second;
        } catch (const cancelled&) {
        }
        co_await cleanup;
    };
    const auto body = [&]() -> task<std::variant<int, std::monostate, std::string>> {
        co_return co_await when_any(wait_for(first), cleaning_up(), wait_for(third));
    };
    auto running = launch(body(), executor);
    executor.run_all();
    third.end_with("three");
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(second.cancellations() == 1);
    CHECK_FALSE(running.done());
    cleanup.end_with();
    executor.run_all();
    const auto value = outcome_of(std::move(running));
    CHECK(value.index() == 2);
    CHECK(std::get<2>(value) == "three");
}

TEST_CASE("when_any of a range tells the place in it") {
    manual_executor executor;
    manual_operation<int> first, second;
    manual_operation<> third, fourth;
    const auto numbers = [&]() -> task<std::pair<std::size_t, int>> {
        some<int> tasks;
        tasks.push_back(wait_for(first));
        tasks.push_back(wait_for(second));
        co_return co_await when_any(std::move(tasks));
    };
    auto running = launch(numbers(), executor);
    executor.run_all();
    second.end_with(22);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == std::pair<std::size_t, int>(1, 22));

    const auto nothing = [&]() -> task<std::size_t> {
        some<void> tasks;
        tasks.push_back(wait_for(third));
        tasks.push_back(wait_for(fourth));
        co_return co_await when_any(std::move(tasks));
    };
    auto place = launch(nothing(), executor);
    executor.run_all();
    fourth.end_with();
    executor.run_all();
    CHECK(outcome_of(std::move(place)) == 1);
}

TEST_CASE("when_any of nothing is refused at the call") {
    CHECK_THROWS_WITH_AS(static_cast<void>(when_any(some<int>())), "pyasync: when_any of nothing would never end",
                         std::invalid_argument);
}

TEST_CASE("where several end at once, the first of them has won") {
    const census all;
    manual_executor executor;
    const auto child = [](int n) -> task<counted> { co_return counted(n); };
    const auto body = [&]() -> task<int> {
        auto first = co_await when_any(child(1), child(2));
        CHECK(first.index() == 0);
        co_return std::get<0>(std::move(first)).number();
    };
    CHECK(run(executor, body()) == 1);
    CHECK(counted::copies == 0);
}

TEST_CASE("a value that can only be moved") {
    manual_executor executor;
    const auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    const auto body = [&]() -> task<int> {
        std::variant<std::unique_ptr<int>> only = co_await when_any(owner());
        co_return *std::get<0>(only);
    };
    CHECK(run(executor, body()) == 3);
}

TEST_CASE("the first one to end may have failed") {
    manual_executor executor;
    manual_operation<> first, second;
    SUBCASE("alone") {
        const auto body = [&]() -> task<> { co_await when_any(wait_for(first), wait_for(second)); };
        future<> running = launch(body(), executor);
        executor.run_all();
        second.fail(error("first to end"));
        executor.run_all();
        CHECK(first.cancellations() == 1);
        CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "first to end", std::runtime_error);
    }
    SUBCASE("and another one with it") {
        const auto body = [&]() -> task<> {
            co_await when_any(fail_when_cancelled(first, "second to end"), wait_for(second));
        };
        future<> running = launch(body(), executor);
        executor.run_all();
        second.fail(error("first to end"));
        executor.run_all();
        CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "2 tasks have failed:\nfirst to end\nsecond to end",
                             exception_group);
    }
    SUBCASE("by a cancellation of its own, even where another one has a value in the end") {
        const auto body = [&]() -> task<> { co_await when_any(wait_for(first), swallow(second)); };
        future<> running = launch(body(), executor);
        executor.run_all();
        first.fail(std::make_exception_ptr(cancelled()));
        executor.run_all();
        CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    }
}

TEST_CASE("what the others end with is dropped where the first one has a value") {
    const census all;
    manual_executor executor;
    manual_operation<> first, second, third;
    const auto late = [&](counted value) -> task<counted> {
        co_await swallow(third);
        co_return value;
    };
    const auto body = [&]() -> task<std::size_t> {
        auto one = co_await when_any(fail_when_cancelled(first, "too late"), wait_for(second), late(counted(1)));
        co_return one.index();
    };
    auto running = launch(body(), executor);
    executor.run_all();
    second.end_with();
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 1);
}

TEST_CASE("cancelling the awaiting task cancels all, and waits; none wins by that") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto body = [&]() -> task<> { co_await when_any(wait_for(first), swallow(second)); };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(second.cancellations() == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a cancellation before the start starts nothing") {
    manual_executor executor;
    bool began = false;
    const auto child = [&]() -> task<> {
        began = true;
        co_return;
    };
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        co_await when_any(child());
    };
    CHECK_THROWS_AS(run(executor, body()), cancelled);
    CHECK_FALSE(began);
}

TEST_CASE("a cancellation that comes while the others unwind leaves the value, and is thrown by the next wait") {
    manual_executor executor;
    manual_operation<int> first;
    manual_operation<> stubborn(when_cancelled::carries_on), next;
    int value = 0;
    const auto body = [&]() -> task<> {
        auto one = co_await when_any(wait_for(first), wait_for(stubborn));
        value = std::get<0>(one);
        co_await next;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    first.end_with(5);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(stubborn.cancellations() == 1);
    stubborn.end_with();
    executor.run_all();
    CHECK(value == 5);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

}  // namespace
}  // namespace pyasync
