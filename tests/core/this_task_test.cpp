// tests/core/this_task_test.cpp: a task that asks whether it is to end.
// SPDX-License-Identifier: MIT
#include <pyasync/core/this_task.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stop_token>
#include <thread>

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

TEST_CASE("a task that nobody cancels is not cancelled, and asking does not make it wait") {
    manual_executor executor;
    const auto body = []() -> task<> {
        CHECK_FALSE(co_await this_task::is_cancelled());
        const std::stop_token stop = co_await this_task::stop_token();
        CHECK(stop.stop_possible());
        CHECK_FALSE(stop.stop_requested());
        CHECK(stop == co_await this_task::stop_token());
    };
    future<> running = launch(body(), executor);
    CHECK(executor.run_all() == 1);
    outcome_of(std::move(running));
}

TEST_CASE("the token tells of a cancellation, before what the task waits for hears of it") {
    manual_executor executor;
    manual_operation<> operation;
    int asked_before = -1;
    std::stop_token kept;
    const auto body = [&]() -> task<> {
        kept = co_await this_task::stop_token();
        const std::stop_callback watch(kept, [&] { asked_before = operation.cancellations(); });
        co_await operation;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    CHECK_FALSE(kept.stop_requested());  // only on the task's own thread
    executor.run_all();
    CHECK(asked_before == 0);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    CHECK(kept.stop_requested());  // the task has ended, the token has not
}

TEST_CASE("a cancellation that was swallowed has been one all the same") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> {
        try {
            co_await operation;
        } catch (const cancelled&) {
        }
        CHECK(co_await this_task::is_cancelled());
        CHECK((co_await this_task::stop_token()).stop_requested());
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("a cancellation that comes while the task computes is known before it is thrown") {
    manual_executor executor;
    manual_operation<> operation;
    bool known = false;
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        known = co_await this_task::is_cancelled();
        co_await operation;
    };
    CHECK_THROWS_AS(run(executor, body()), cancelled);
    CHECK(known);
}

TEST_CASE("all coroutines of a task have one token, a child has its own") {
    manual_executor executor;
    const auto token = []() -> task<std::stop_token> { co_return co_await this_task::stop_token(); };
    const auto body = [&]() -> task<> {
        const std::stop_token mine = co_await this_task::stop_token();
        CHECK(co_await token() == mine);
        auto [its] = co_await when_all(token());
        CHECK(its != mine);
    };
    run(executor, body());
}

TEST_CASE("another thread sees the token") {
    manual_executor executor;
    manual_operation<> operation;
    std::optional<std::jthread> other;
    const auto body = [&]() -> task<> {
        const std::stop_token stop = co_await this_task::stop_token();
        other.emplace([stop] {
            while (!stop.stop_requested()) std::this_thread::yield();
        });
        co_await operation;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    other->join();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

}  // namespace
}  // namespace pyasync
