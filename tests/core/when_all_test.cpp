// tests/core/when_all_test.cpp: several at once: all values, when all have ended.
// SPDX-License-Identifier: MIT
#include <pyasync/core/when_all.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <numeric>
#include <ranges>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <pyasync/core/promise.hpp>
#include "support/children.hpp"
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
using test::number;
using test::outcome_of;
using test::run;
using test::wait_for;

task<> nothing() { co_return; }

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

}  // namespace
}  // namespace pyasync
