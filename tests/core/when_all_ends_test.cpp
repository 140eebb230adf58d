// tests/core/when_all_ends_test.cpp: several at once: what has failed, or was cancelled, when all have ended.
// SPDX-License-Identifier: MIT
#include <pyasync/core/when_all.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
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
using test::number;
using test::outcome_of;
using test::run;
using test::wait_and_clean_up;
using test::wait_for;

task<int> fail_with(const char* message) {
    throw std::out_of_range(message);
    co_return 0;
}

TEST_CASE("one that fails cancels the others, and is thrown when they have unwound") {
    manual_executor executor;
    manual_operation<int> failing;
    manual_operation<> other, cleanup;
    const auto body = [&]() -> task<> {
        co_await when_all(wait_and_clean_up(other, cleanup), wait_for(failing), number(1));
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    failing.fail(error("first"));
    executor.run_all();
    CHECK(other.cancellations() == 1);
    CHECK_FALSE(running.done());
    SUBCASE("undisturbed") {}
    SUBCASE("while the awaiting task is cancelled, which does not disturb the cleaning up") {
        running.cancel();
        executor.run_all();
    }
    REQUIRE(cleanup.awaited());
    CHECK(cleanup.cancellations() == 0);
    cleanup.end_with();
    executor.run_all();
    CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "first", std::runtime_error);
}

TEST_CASE("each is asked to end once, though several fail") {
    manual_executor executor;
    manual_operation<> first, second, third, cleanup;
    const auto cleaning_up = [&]() -> task<> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_await cleanup;
    };
    const auto body = [&]() -> task<> { co_await when_all(cleaning_up(), wait_for(second), wait_for(third)); };
    future<> running = launch(body(), executor);
    executor.run_all();
    second.fail(error("first"));
    executor.run_all();
    CHECK(third.cancellations() == 1);
    REQUIRE(cleanup.awaited());
    CHECK(cleanup.cancellations() == 0);
    cleanup.end_with();
    executor.run_all();
    CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "first", std::runtime_error);
}

TEST_CASE("one that fails at once cancels those that begin behind it") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> { co_await when_all(fail_with("early"), wait_for(operation)); };
    CHECK_THROWS_WITH_AS(run(executor, body()), "early", std::out_of_range);
    CHECK(operation.cancellations() == 1);
}

/// What the tasks of an exception_group have failed with.
std::vector<std::string> messages_of(future<> ended) {
    std::vector<std::string> messages;
    try {
        outcome_of(std::move(ended));
    } catch (const exception_group& group) {
        for (const std::exception_ptr& each : group.errors()) {
            try {
                std::rethrow_exception(each);
            } catch (const std::exception& known) {
                messages.emplace_back(known.what());
            }
        }
    }
    return messages;
}

TEST_CASE("several that fail are one exception_group, in the order in which they failed") {
    manual_executor executor;
    manual_operation<> first, second, third;
    SUBCASE("one, and another when it is cancelled for that") {
        const auto body = [&]() -> task<> {
            co_await when_all(fail_when_cancelled(first, "second"), wait_for(second), wait_for(third));
        };
        future<> running = launch(body(), executor);
        executor.run_all();
        second.fail(error("first"));
        executor.run_all();
        CHECK(messages_of(std::move(running)) == std::vector<std::string>{"first", "second"});
    }
    SUBCASE("all of them, at once") {
        const auto body = []() -> task<> {
            std::vector<task<int>> tasks;
            for (const char* each : {"a", "b", "c"}) tasks.push_back(fail_with(each));
            co_await when_all(std::move(tasks));
        };
        future<> running = launch(body(), executor);
        executor.run_all();
        CHECK(messages_of(std::move(running)) == std::vector<std::string>{"a", "b", "c"});
    }
}

TEST_CASE("a group within a group stays one") {
    manual_executor executor;
    const auto inner = []() -> task<> { co_await when_all(fail_with("a"), fail_with("b")); };
    const auto body = [&]() -> task<> { co_await when_all(inner(), fail_with("c")); };
    future<> running = launch(body(), executor);
    executor.run_all();
    const auto messages = messages_of(std::move(running));
    REQUIRE(messages.size() == 2);
    CHECK(messages[0] == "c");
    CHECK(messages[1].starts_with("2 tasks have failed"));
}

TEST_CASE("one that is cancelled alone cancels the others; failures go before that") {
    manual_executor executor;
    manual_operation<> first, second;
    SUBCASE("no failure") {
        const auto body = [&]() -> task<> { co_await when_all(wait_for(first), wait_for(second)); };
        future<> running = launch(body(), executor);
        executor.run_all();
        first.fail(std::make_exception_ptr(cancelled()));
        executor.run_all();
        CHECK(second.cancellations() == 1);
        CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    }
    SUBCASE("a failure") {
        const auto body = [&]() -> task<> {
            co_await when_all(wait_for(first), fail_when_cancelled(second, "more than that"));
        };
        future<> running = launch(body(), executor);
        executor.run_all();
        first.fail(std::make_exception_ptr(cancelled()));
        executor.run_all();
        CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "more than that", std::runtime_error);
    }
}

TEST_CASE("cancelling the awaiting task cancels all, once, and waits until they have unwound") {
    manual_executor executor;
    manual_operation<> first, second, cleanup;
    bool went_on = false;
    const auto cleaning_up = [&]() -> task<> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_await cleanup;
    };
    const auto body = [&]() -> task<> {
        co_await when_all(cleaning_up(), wait_for(second));
        went_on = true;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(second.cancellations() == 1);
    CHECK_FALSE(running.done());
    running.cancel();
    executor.run_all();
    CHECK(cleanup.cancellations() == 0);
    cleanup.end_with();
    executor.run_all();
    CHECK_FALSE(went_on);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("they are asked to end in the order in which they began") {
    manual_executor executor;
    std::array<manual_operation<>, 4> operations;
    std::vector<std::size_t> asked;
    const auto child = [&](std::size_t i) -> task<> {
        try {
            co_await operations[i];
        } catch (const cancelled&) {
            asked.push_back(i);
            throw;
        }
    };
    const auto body = [&]() -> task<> { co_await when_all(child(0), child(1), child(2), child(3)); };
    SUBCASE("of those that run still") {
        future<> running = launch(body(), executor);
        executor.run_all();
        operations[0].end_with();
        operations[3].end_with();
        executor.run_all();
        running.cancel();
        executor.run_all();
        CHECK(asked == std::vector<std::size_t>{1, 2});
        CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    }
    SUBCASE("by one that fails") {
        future<> running = launch(body(), executor);
        executor.run_all();
        operations[1].fail(error("no more"));
        executor.run_all();
        CHECK(asked == std::vector<std::size_t>{0, 2, 3});
        CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "no more", std::runtime_error);
    }
}

TEST_CASE("a cancellation before the start starts nothing") {
    const census all;
    manual_executor executor;
    bool began = false;
    const auto child = [&began](counted) -> task<> {
        began = true;
        co_return;
    };
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        co_await when_all(child(counted(1)), child(counted(2)));
    };
    CHECK_THROWS_AS(run(executor, body()), cancelled);
    CHECK_FALSE(began);
}

TEST_CASE("a cancellation that comes before the children have begun reaches them") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto body = [&]() -> task<> { co_await when_all(wait_for(first), wait_for(second)); };
    future<> running = launch(body(), executor);
    running.cancel();
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(second.cancellations() == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("children that swallow the cancellation do not keep it from the awaiting task") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto swallowing = [](manual_operation<>& operation) -> task<int> {
        try {
            co_await operation;
        } catch (const cancelled&) {
        }
        co_return 1;
    };
    const auto body = [&]() -> task<> { co_await when_all(swallowing(first), swallowing(second)); };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a failure goes before a cancellation from outside, which the next wait throws") {
    manual_executor executor;
    manual_operation<> operation, next;
    std::string caught;
    const auto body = [&]() -> task<> {
        try {
            co_await when_all(fail_when_cancelled(operation, "in cleaning up"));
        } catch (const std::runtime_error& failed) {
            caught = failed.what();
        }
        co_await next;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(caught == "in cleaning up");
    CHECK_FALSE(next.awaited());
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a cancellation that comes when all have ended does not take the values away: the next wait throws it") {
    manual_executor executor, elsewhere;
    manual_operation<> next;
    int value = 0;
    const auto body = [&]() -> task<> {
        std::tie(value) = co_await when_all(launch(number(7), elsewhere));
        co_await next;
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();     // arrives before the message of the end,
    elsewhere.run_all();  // but after that
    executor.run_all();
    CHECK(value == 7);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("an executor that stops refuses children, which is their failure") {
    // Neither is ever destroyed, as the coroutine is not.
    static auto& home = *new manual_executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> { co_await when_all(wait_for(operation), wait_for(operation)); };
    static const auto& kept = *new auto(detail::root<void>::launch(body(), home, {}, std::source_location::current()));
    CHECK(home.run_one());
    home.close();
    CHECK_FALSE(kept->done());
    CHECK_FALSE(operation.awaited());
}

TEST_CASE("the way of one exception goes on through the awaiting task, that of several stays with each") {
    manual_executor executor;
    const unsigned one_line = std::source_location::current().line() + 1;
    const auto one = [&]() -> task<> { co_await fail_with("x"); };
    const unsigned single_line = std::source_location::current().line() + 1;
    const auto single = [&]() -> task<> { co_await when_all(one()); };
    const unsigned both_line = std::source_location::current().line() + 1;
    const auto both = [&]() -> task<> { co_await when_all(one(), one()); };
    const auto lines_of = [](const detail::exception_trail& trail) {
        std::vector<unsigned> lines;
        for (const auto& each : trail.passed) lines.push_back(each.line());
        return lines;
    };
    auto root = detail::root<void>::launch(single(), executor, {}, std::source_location::current());
    executor.run_all();
    CHECK(lines_of(*root->take_trail()) == std::vector{one_line, single_line});

    root = detail::root<void>::launch(both(), executor, {}, std::source_location::current());
    executor.run_all();
    CHECK(lines_of(*root->take_trail()) == std::vector{both_line});
    try {
        std::rethrow_exception(root->outcome.take_error());
    } catch (const exception_group& group) {
        for (const auto& each : group.errors()) {
            REQUIRE(group.trail_of(each) != nullptr);
            CHECK(lines_of(*group.trail_of(each)) == std::vector{one_line});
        }
    }
}

}  // namespace
}  // namespace pyasync
