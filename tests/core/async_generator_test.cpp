// tests/core/async_generator_test.cpp: the generator: when it runs, what it gives, how it ends.
// SPDX-License-Identifier: MIT
#include <pyasync/core/async_generator.hpp>

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

static_assert(!std::is_copy_constructible_v<async_generator<int>>);
static_assert(std::is_nothrow_move_constructible_v<async_generator<int>>);
static_assert(std::is_same_v<async_generator<int>::value_type, int>);

async_generator<int> count_to(int last) {
    for (int i = 1; i <= last; ++i) co_yield i;
}

task<int> sum_of(async_generator<int> numbers) {
    int sum = 0;
    while (const auto number = co_await numbers.next()) sum += *number;
    co_return sum;
}

TEST_CASE("one whose next is not awaited does not run") {
    const census all;
    bool ran = false;
    const auto body = [&](counted parameter) -> async_generator<int> {
        ran = true;
        co_yield parameter.number();
    };
    {
        auto never = body(counted(1));
        static_cast<void>(never.next());
        CHECK_FALSE(never.done());
    }
    CHECK_FALSE(ran);
}

TEST_CASE("it gives its items, then nothing, then still nothing") {
    manual_executor executor;
    const auto body = []() -> task<std::vector<int>> {
        std::vector<int> seen;
        auto numbers = count_to(3);
        while (const auto number = co_await numbers.next()) seen.push_back(*number);
        CHECK(numbers.done());
        CHECK_FALSE((co_await numbers.next()).has_value());
        co_return seen;
    };
    CHECK(run(executor, body()) == std::vector{1, 2, 3});
}

TEST_CASE("it runs up to the next co_yield, no further") {
    manual_executor executor;
    std::vector<int> order;
    const auto numbers = [&]() -> async_generator<int> {
        order.push_back(1);
        co_yield 0;
        order.push_back(3);
        co_yield 0;
        order.push_back(5);
    };
    const auto body = [&]() -> task<> {
        auto steps = numbers();
        co_await steps.next();
        order.push_back(2);
        co_await steps.next();
        order.push_back(4);
        co_await steps.next();
        order.push_back(6);
    };
    run(executor, body());
    CHECK(order == std::vector{1, 2, 3, 4, 5, 6});
}

TEST_CASE("it may wait between its items, and in their making") {
    manual_executor executor;
    manual_operation<int> operation;
    const auto numbers = [&]() -> async_generator<int> {
        co_yield co_await operation;
        co_yield co_await operation;
    };
    future<int> running = launch(sum_of(numbers()), executor);
    executor.run_all();
    operation.end_with(20);
    executor.run_all();
    REQUIRE(operation.awaited());
    operation.end_with(22);
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 42);
}

TEST_CASE("one generator may consume another") {
    manual_executor executor;
    const auto doubled = [](async_generator<int> source) -> async_generator<int> {
        while (const auto number = co_await source.next()) co_yield 2 * *number;
    };
    CHECK(run(executor, sum_of(doubled(doubled(count_to(4))))) == 40);
}

TEST_CASE("a hundred thousand items need no more stack than one, with waits in between as well") {
    manual_executor executor;
    CHECK(run(executor, sum_of(count_to(60'000))) == 1'800'030'000);
    manual_operation<int> operation;
    const auto numbers = [&]() -> async_generator<int> {
        for (int i = 0; i < 100'000; ++i) co_yield co_await operation;
    };
    future<int> running = launch(sum_of(numbers()), executor);
    executor.run_all();
    while (operation.awaited()) {
        operation.end_with(1);
        executor.run_all();
    }
    CHECK(outcome_of(std::move(running)) == 100'000);
}

TEST_CASE("items are moved, never copied; what can only be moved will do") {
    const census all;
    manual_executor executor;
    const auto items = []() -> async_generator<counted> {
        co_yield counted(7);
        counted named(8);
        co_yield std::move(named);
    };
    const auto body = [&]() -> task<int> {
        auto source = items();
        int sum = 0;
        while (const auto item = co_await source.next()) sum += item->number();
        co_return sum;
    };
    CHECK(run(executor, body()) == 15);
    CHECK(counted::copies == 0);
    const auto owners = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(5); };
    const auto first = [&]() -> task<int> {
        auto source = owners();
        const auto item = co_await source.next();
        co_return **item;
    };
    CHECK(run(executor, first()) == 5);
}

TEST_CASE("an exception leaves through next, once, and is the end") {
    manual_executor executor;
    const auto numbers = []() -> async_generator<int> {
        co_yield 1;
        throw std::runtime_error("no second");
    };
    const auto body = [&]() -> task<std::string> {
        auto source = numbers();
        std::string seen = std::to_string((co_await source.next()).value());
        try {
            co_await source.next();
        } catch (const std::runtime_error& error) {
            seen += error.what();
        }
        CHECK_FALSE((co_await source.next()).has_value());
        co_return seen;
    };
    CHECK(run(executor, body()) == "1no second");
}

TEST_CASE("cancelling the consumer reaches what the generator waits for; it may clean up, and go on") {
    manual_executor executor;
    manual_operation<int> operation;
    std::vector<std::string> order;
    const auto numbers = [&](bool swallows) -> async_generator<int> {
        bool was_cancelled = false;
        try {
            co_yield co_await operation;
        } catch (const cancelled&) {
            was_cancelled = true;
        }
        if (!was_cancelled) co_return;
        order.emplace_back("cleaning up");
        co_await operation;
        if (!swallows) throw cancelled();
        co_yield 5;
    };
    for (const bool swallows : {false, true}) {
        future<int> running = launch(sum_of(numbers(swallows)), executor);
        executor.run_all();
        running.cancel();
        executor.run_all();
        REQUIRE(operation.awaited());
        operation.end_with(0);
        executor.run_all();
        if (swallows) {
            CHECK(outcome_of(std::move(running)) == 5);
        } else {
            CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
        }
    }
    CHECK(order == std::vector<std::string>{"cleaning up", "cleaning up"});
}

TEST_CASE("one that is left at a co_yield destroys its local variables") {
    const census all;
    manual_executor executor;
    const auto items = []() -> async_generator<int> {
        const counted local(1);
        co_yield local.number();
        co_yield 2;
    };
    const auto body = [&]() -> task<> {
        auto source = items();
        co_await source.next();
        CHECK(census::alive() == 1);
    };
    run(executor, body());
}

TEST_CASE("closing throws cancelled from the co_yield, and waits for the cleaning up") {
    manual_executor executor;
    manual_operation<> operation;
    bool cleaned_up = false;
    const auto items = [&]() -> async_generator<int> {
        try {
            co_yield 1;
        } catch (const cancelled&) {
            cleaned_up = true;
        }
        co_await operation;
    };
    const auto body = [&]() -> task<> {
        auto source = items();
        co_await source.next();
        co_await source.close();
        CHECK(source.done());
        co_await source.close();
        auto never_begun = items();
        co_await never_begun.close();
        CHECK_FALSE((co_await never_begun.next()).has_value());
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    CHECK(cleaned_up);
    operation.end_with();
    executor.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("one that yields although it is being closed is told off; its errors leave through close") {
    manual_executor executor;
    const auto stubborn = []() -> async_generator<int> {
        for (;;) {
            try {
                co_yield 1;
            } catch (const cancelled&) {
            }
        }
    };
    const auto failing = []() -> async_generator<int> {
        bool was_cancelled = false;
        try {
            co_yield 1;
        } catch (const cancelled&) {
            was_cancelled = true;
        }
        if (was_cancelled) throw std::runtime_error("while closing");
    };
    const auto body = [&]() -> task<std::string> {
        auto first = stubborn();
        co_await first.next();
        std::string seen;
        try {
            co_await first.close();
        } catch (const std::logic_error&) {
            seen = "told off, ";
        }
        auto second = failing();
        co_await second.next();
        try {
            co_await second.close();
        } catch (const std::runtime_error& error) {
            seen += error.what();
        }
        co_return seen;
    };
    CHECK(run(executor, body()) == "told off, while closing");
}

TEST_CASE("an exception can be thrown into it, where it stands") {
    manual_executor executor;
    const auto items = []() -> async_generator<std::string> {
        std::string text = "first";
        for (;;) {
            try {
                co_yield text;
            } catch (const std::runtime_error& error) {
                text = error.what();
            }
        }
    };
    const auto body = [&]() -> task<> {
        auto source = items();
        CHECK((co_await source.next()).value() == "first");
        CHECK((co_await source.throw_into(std::make_exception_ptr(std::runtime_error("thrown")))).value() == "thrown");
        CHECK_THROWS_AS(co_await source.throw_into(std::make_exception_ptr(std::logic_error("out"))), std::logic_error);
        CHECK(source.done());
        auto never_begun = items();
        CHECK_THROWS_AS(co_await never_begun.throw_into(std::make_exception_ptr(std::logic_error("out"))),
                        std::logic_error);
        CHECK_FALSE((co_await never_begun.next()).has_value());
    };
    run(executor, body());
}

TEST_CASE("a second next while one waits is refused") {
    manual_executor executor;
    manual_operation<int> operation;
    const auto items = [&]() -> async_generator<int> { co_yield co_await operation; };
    auto shared = items();
    const auto consume = [&]() -> task<> { co_await shared.next(); };
    future<> first = launch(consume(), executor);
    executor.run_all();
    future<> second = launch(consume(), executor);
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(second)), std::logic_error);
    operation.end_with(1);
    executor.run_all();
    outcome_of(std::move(first));
}

}  // namespace
}  // namespace pyasync
