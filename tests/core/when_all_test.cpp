// tests/core/when_all_test.cpp: several at once: all values, or what has failed, when all have ended.
// SPDX-License-Identifier: MIT
#include <pyasync/core/when_all.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/promise.hpp>
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
using test::when_cancelled;

task<int> number(int n) { co_return n; }
task<> nothing() { co_return; }
template <typename T>
task<T> wait_for(manual_operation<T>& operation) {
    co_return co_await operation;
}
task<int> fail_with(const char* message) {
    throw std::out_of_range(message);
    co_return 0;
}
/// Answers a cancellation with another exception.
task<> fail_when_cancelled(manual_operation<>& operation, const char* message) {
    try {
        co_await operation;
    } catch (const cancelled&) {
        throw std::runtime_error(message);
    }
}
std::exception_ptr error(const char* message) { return std::make_exception_ptr(std::runtime_error(message)); }

template <typename Awaitable>
using awaited = detail::awaited_type<Awaitable>;
static_assert(std::is_same_v<awaited<decltype(when_all(number(1), nothing()))>, std::tuple<int, std::monostate>>);
static_assert(std::is_same_v<awaited<decltype(when_all())>, std::tuple<>>);
static_assert(std::is_same_v<awaited<decltype(when_all(std::vector<task<int>>()))>, std::vector<int>>);
static_assert(std::is_same_v<awaited<decltype(when_all(std::vector<task<>>()))>, void>);
template <typename T>
concept can_be_awaited_at_once = requires(T awaitable) { when_all(static_cast<T>(awaitable)); };
static_assert(!can_be_awaited_at_once<task<int>&> && !can_be_awaited_at_once<std::vector<task<int>>&>,
              "what is taken over is moved, visibly");

TEST_CASE("when_all gives all values in their order, whichever comes first") {
    manual_executor executor;
    manual_operation<int> first;
    manual_operation<std::string> second;
    const auto body = [&]() -> task<std::tuple<int, std::string, std::monostate>> {
        co_return co_await when_all(wait_for(first), wait_for(second), nothing());
    };
    auto running = launch(body(), executor);
    executor.run_all();
    second.end_with("two");
    executor.run_all();
    CHECK_FALSE(running.done());
    first.end_with(1);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == std::tuple(1, std::string("two"), std::monostate()));
}

TEST_CASE("when_all takes tasks, futures, and whatever can be awaited") {
    manual_executor executor, elsewhere;
    manual_operation<int> operation;
    const auto body = [&]() -> task<int> {
        future<int> running = launch(number(2), elsewhere);
        auto [a, b, c] = co_await when_all(number(1), std::move(running), operation);
        co_return 100 * a + 10 * b + c;
    };
    future<int> running = launch(body(), executor);
    executor.run_all();
    elsewhere.run_all();
    operation.end_with(3);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 123);
}

TEST_CASE("when_all takes a container, or a view that makes tasks") {
    manual_executor executor;
    const auto body = [](int kind) -> task<std::vector<int>> {
        std::array numbers{1, 2, 3};
        if (kind == 0) co_return co_await when_all(numbers | std::views::transform(number));
        auto odd = numbers | std::views::filter([](int n) { return n % 2 != 0; }) | std::views::transform(number);
        if (kind == 1) co_return co_await when_all(odd);
        std::vector<task<int>> tasks;
        for (const int n : numbers) tasks.push_back(number(n * n));
        co_return co_await when_all(std::move(tasks));
    };
    CHECK(run(executor, body(0)) == std::vector{1, 2, 3});
    CHECK(run(executor, body(1)) == std::vector{1, 3});
    CHECK(run(executor, body(2)) == std::vector{1, 4, 9});
}

TEST_CASE("when_all of nothing has ended at once") {
    manual_executor executor;
    const auto body = []() -> task<> {
        CHECK(co_await when_all() == std::tuple<>());
        CHECK((co_await when_all(std::vector<task<int>>())).empty());
        co_await when_all(std::vector<task<>>());
    };
    future<> running = launch(body(), executor);
    CHECK(executor.run_all() == 1);  // its start
    outcome_of(std::move(running));
}

TEST_CASE("children run at the awaiting task's home, in their order, each as a task of its own") {
    manual_executor executor;
    std::vector<int> order;
    std::vector<const detail::task_context*> contexts;
    const auto child = [&](int n) -> task<> {
        order.push_back(n);
        contexts.push_back(detail::task_context::current());
        CHECK(&contexts.back()->home() == &executor);
        co_return;
    };
    const auto body = [&]() -> task<> {
        contexts.push_back(detail::task_context::current());
        co_await when_all(child(1), child(2));
        CHECK(detail::task_context::current() == contexts[0]);
    };
    run(executor, body());
    CHECK(order == std::vector{1, 2});
    CHECK(contexts[0] != contexts[1]);
    CHECK(contexts[1] != contexts[2]);
}

TEST_CASE("children have the locals of spawned tasks") {
    struct family_locals final : detail::task_locals_base {
        void root_started() noexcept override {}
        void root_finished() noexcept override {}
        [[nodiscard]] detail::locals_ref for_child() override {
            ++copies;
            return detail::make_ref<family_locals>();
        }
        int copies = 0;
    };
    manual_executor executor;
    const auto locals = detail::make_ref<family_locals>();
    const auto child = [&]() -> task<> {
        CHECK(detail::task_context::current()->locals());
        CHECK(detail::task_context::current()->locals().get() != locals.get());
        co_return;
    };
    const auto body = [&]() -> task<> { co_await when_all(child(), child()); };
    future<> running = launch(body(), executor, locals);
    executor.run_all();
    outcome_of(std::move(running));
    CHECK(locals->copies == 2);
}

TEST_CASE("values are moved on their way, never copied, and none is left behind") {
    const census all;
    manual_executor executor;
    const auto child = [](counted given) -> task<counted> { co_return std::move(given); };
    const auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    const auto body = [&]() -> task<int> {
        auto [one, three] = co_await when_all(child(counted(1)), owner());
        std::vector<task<counted>> tasks;
        tasks.push_back(child(counted(10)));
        tasks.push_back(child(counted(20)));
        const std::vector<counted> more = co_await when_all(std::move(tasks));
        co_return one.number() + *three + more[0].number() + more[1].number();
    };
    CHECK(run(executor, body()) == 34);
    CHECK(counted::copies == 0);
}

TEST_CASE("what is never awaited never runs, and is destroyed") {
    const census all;
    manual_executor executor;
    bool began = false;
    const auto child = [&began](counted) -> task<> {
        began = true;
        co_return;
    };
    static_cast<void>(when_all(child(counted(1)), child(counted(2))));
    CHECK_FALSE(began);
    CHECK(census::alive() == 0);
    manual_operation<> operation;
    static_cast<void>(when_all(launch(wait_for(operation), executor)));  // as a future that is destroyed
    executor.run_all();
    CHECK_FALSE(operation.awaited());
}

TEST_CASE("one that fails cancels the others, and is thrown when they have unwound") {
    manual_executor executor;
    manual_operation<int> failing;
    manual_operation<> other, cleanup;
    const auto cleaning_up = [&]() -> task<> {
        bool interrupted = false;
        try {
            co_await other;
        } catch (const cancelled&) {
            interrupted = true;
        }
        co_await cleanup;
        if (interrupted) throw cancelled();
    };
    const auto body = [&]() -> task<> { co_await when_all(cleaning_up(), wait_for(failing), number(1)); };
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

TEST_CASE("futures that other threads complete, and a cancellation that meets with that") {
    constexpr int rounds = 500;
    constexpr int wide = 8;
    manual_executor executor;
    const auto body = [](std::vector<future<int>> values) -> task<int> {
        const std::vector<int> numbers = co_await when_all(std::move(values));
        co_return std::accumulate(numbers.begin(), numbers.end(), 0);
    };
    int ended = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<promise<int>> replies(wide);
        std::vector<future<int>> values;
        for (const promise<int>& reply : replies) values.push_back(reply.get_future());
        future<int> running = launch(body(std::move(values)), executor);
        std::jthread other([&replies] {
            for (const promise<int>& reply : replies) reply.set_value(1);
        });
        if (round % 2 != 0) running.cancel();
        executor.run_until([&running] { return running.done(); });
        try {
            if (outcome_of(std::move(running)) == wide) ++ended;
        } catch (const cancelled&) {
            if (round % 2 != 0) ++ended;
        }
    }
    executor.run_all();
    CHECK(ended == rounds);
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
