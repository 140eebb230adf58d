// tests/core/future_cancellation_test.cpp: who hears of a cancellation: the task that awaits, what it awaits, or the next wait.
// SPDX-License-Identifier: MIT
#include <pyasync/core/future.hpp>

#include <doctest/doctest.h>

#include <barrier>
#include <optional>
#include <thread>

#include "support/children.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::number;
using test::outcome_of;
using test::run;
using test::wait_and_clean_up;
using test::when_cancelled;

TEST_CASE("cancelling a future's task makes the awaiting task see the cancellation") {
    manual_executor executor;
    manual_operation<> operation;
    const auto child = [&]() -> task<> { co_await operation; };
    future<> spawned = launch(child(), executor);
    executor.run_all();
    spawned.cancel();
    const auto parent = [&]() -> task<> { co_await std::move(spawned); };
    CHECK_THROWS_AS(run(executor, parent()), cancelled);
}

TEST_CASE("cancelling a task cancels what it awaits, and waits until that has unwound") {
    manual_executor executor;
    manual_operation<> operation;
    manual_operation<> cleanup;
    const auto child = [&]() -> task<> {
        try {
            co_await operation;
        } catch (const cancelled&) {
        }
        co_await cleanup;
        throw cancelled();
    };
    const auto parent = [&]() -> task<> { co_await launch(child(), executor); };
    future<> running = launch(parent(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(operation.cancellations() == 1);
    REQUIRE(cleanup.awaited());
    CHECK_FALSE(running.done());
    cleanup.end_with();
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a task that is cancelled while what it awaits carries on gets the result") {
    manual_executor executor;
    manual_operation<int> operation(when_cancelled::carries_on);
    const auto child = [&]() -> task<int> { co_return co_await operation; };
    const auto parent = [&]() -> task<int> { co_return co_await launch(child(), executor); };
    future<int> running = launch(parent(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(operation.cancellations() == 1);
    operation.end_with(11);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 11);
}

TEST_CASE("a cancellation that meets the end of what is awaited is thrown at the next wait") {
    manual_executor here;
    manual_executor there;
    manual_operation<int> operation;
    manual_operation<> next;
    const auto child = [&]() -> task<int> { co_return co_await operation; };
    int seen = 0;
    const auto parent = [&]() -> task<> {
        seen = co_await launch(child(), there);
        co_await next;
    };
    future<> running = launch(parent(), here);
    here.run_all();
    there.run_all();
    running.cancel();
    operation.end_with(11);
    there.run_all();
    REQUIRE(here.run_one());  // the cancellation; the end is on its way here
    SUBCASE("when that has heard of it too late") { there.run_all(); }
    SUBCASE("when that has not heard of it yet") {}
    here.run_all();
    CHECK(seen == 11);
    CHECK_FALSE(next.awaited());
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    there.run_all();
}

TEST_CASE("a cancellation that what is awaited never waits to hear of is thrown at the next wait") {
    manual_executor here;
    manual_executor there;
    manual_operation<> next;
    const auto parent = [&]() -> task<> {
        co_await launch(number(1), there);
        co_await next;
    };
    future<> running = launch(parent(), here);
    here.run_all();
    running.cancel();
    here.run_all();
    there.run_all();
    here.run_all();
    CHECK_FALSE(next.awaited());
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a cancellation that somebody else has sent too late is not the waiting task's") {
    manual_executor here;
    manual_executor there;
    manual_operation<int> operation;
    const auto child = [&]() -> task<int> { co_return co_await operation; };
    const auto state = detail::root<int>::launch(child(), there, {}, std::source_location::current());
    const auto parent = [&]() -> task<int> {
        const int value = co_await future<int>(detail::ref<detail::root<int>>::share(state.get()));
        co_await launch(number(1), here);
        co_return value;
    };
    future<int> running = launch(parent(), here);
    here.run_all();
    there.run_all();
    operation.end_with(11);
    there.run_all();
    state->cancel();
    CHECK(state->missed_cancellation());
    there.run_all();
    CHECK(state->missed_cancellation());
    here.run_all();
    CHECK(outcome_of(std::move(running)) == 11);
}

TEST_CASE("a cancellation that comes before a future is awaited cancels that, too") {
    manual_executor executor;
    manual_operation<> operation;
    const auto child = [&]() -> task<> { co_await operation; };
    const auto parent = [&]() -> task<> {
        future<> spawned = launch(child(), executor);
        detail::task_context::current()->cancel();
        co_await std::move(spawned);
    };
    CHECK_THROWS_AS(run(executor, parent()), cancelled);
    CHECK_FALSE(operation.awaited());
}

TEST_CASE("a cancellation that comes before a future is awaited waits until that has unwound") {
    manual_executor executor;
    manual_operation<> operation;
    manual_operation<> cleaning;
    const auto parent = [](future<> spawned) -> task<> {
        detail::task_context::current()->cancel();
        co_await std::move(spawned);
    };
    future<> spawned = launch(wait_and_clean_up(operation, cleaning), executor);
    executor.run_all();
    future<> running = launch(parent(std::move(spawned)), executor);
    executor.run_all();
    CHECK(cleaning.awaited());
    CHECK_FALSE(running.done());
    cleaning.end_with();
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("cancelling from another thread while the task ends is harmless") {
    constexpr int rounds = 5'000;
    manual_executor executor;
    std::barrier<> together(2);
    std::optional<future<int>> running;
    std::jthread canceller([&] {
        for (int round = 0; round < rounds; ++round) {
            together.arrive_and_wait();
            running->cancel();
            together.arrive_and_wait();
        }
    });
    int ended = 0;
    for (int round = 0; round < rounds; ++round) {
        running.emplace(launch(number(round), executor));
        together.arrive_and_wait();
        executor.run_all();
        together.arrive_and_wait();
        executor.run_all();
        if (outcome_of(std::move(*running)) == round) ++ended;
    }
    CHECK(ended == rounds);
}

}  // namespace
}  // namespace pyasync
