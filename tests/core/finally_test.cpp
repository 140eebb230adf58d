// tests/core/finally_test.cpp: the clean-up runs, however the body ends.
// SPDX-License-Identifier: MIT
#include <pyasync/core/finally.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>

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

struct cleaning {
    manual_executor executor;
    manual_operation<> operation, closing;
    int cleanups = 0;

    task<> body() { co_await operation; }
    task<> clean_up() {
        co_await closing;
        ++cleanups;
    }
    task<> both() {
        co_await finally(body(), [this] { return clean_up(); });
    }
};

TEST_CASE_FIXTURE(cleaning, "the clean-up comes behind the body, and the value behind that") {
    const auto number = [this]() -> task<std::unique_ptr<int>> {
        co_await operation;
        co_return std::make_unique<int>(3);
    };
    const auto whole = [&]() -> task<int> {
        const std::unique_ptr<int> three = co_await finally(number(), [this] { return clean_up(); });
        co_return *three + 10 * cleanups;
    };
    future<int> running = launch(whole(), executor);
    executor.run_all();
    CHECK_FALSE(closing.awaited());
    operation.end_with();
    executor.run_all();
    REQUIRE(closing.awaited());
    closing.end_with();
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 13);
}

TEST_CASE_FIXTURE(cleaning, "the clean-up runs when the body has failed, and the failure goes on") {
    future<> running = launch(both(), executor);
    executor.run_all();
    operation.fail(std::make_exception_ptr(std::out_of_range("the body's")));
    executor.run_all();
    REQUIRE(closing.awaited());
    closing.end_with();
    executor.run_all();
    CHECK(cleanups == 1);
    CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "the body's", std::out_of_range);
}

TEST_CASE_FIXTURE(cleaning, "the clean-up runs when the task has been cancelled, and the cancellation goes on") {
    future<> running = launch(both(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    REQUIRE(closing.awaited());
    CHECK(closing.cancellations() == 0);
    SUBCASE("undisturbed") {
        closing.end_with();
        executor.run_all();
        CHECK(cleanups == 1);
    }
    SUBCASE("a further cancellation interrupts it") {
        running.cancel();
        executor.run_all();
        CHECK(closing.cancellations() == 1);
        CHECK(cleanups == 0);
    }
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE_FIXTURE(cleaning, "a cancellation that came too late for the body is thrown behind the clean-up, not in it") {
    bool body_fails = false;
    std::string seen;
    manual_operation<> next;
    const auto too_late = [&]() -> task<> {
        co_await operation;
        co_await detail::question<&detail::task_context::cancel_next_wait>();
        if (body_fails) throw std::out_of_range("the body's");
    };
    const auto whole = [&]() -> task<> {
        try {
            co_await finally(too_late(), [this] { return clean_up(); });
            seen = "no error";
        } catch (const std::exception& error) {
            seen = error.what();
        }
        co_await next;
    };
    std::exception_ptr of_clean_up;
    std::string expected = "no error";
    SUBCASE("a value") {}
    SUBCASE("a failure") {
        body_fails = true;
        expected = "the body's";
    }
    SUBCASE("a failure of the clean-up") {
        of_clean_up = std::make_exception_ptr(std::runtime_error("the clean-up's"));
        expected = "the clean-up's";
    }
    future<> running = launch(whole(), executor);
    executor.run_all();
    operation.end_with();
    executor.run_all();
    REQUIRE(closing.awaited());
    if (of_clean_up) {
        closing.fail(of_clean_up);
    } else {
        closing.end_with();
    }
    executor.run_all();
    CHECK(cleanups == (of_clean_up ? 0 : 1));
    CHECK(seen == expected);
    CHECK_FALSE(next.awaited());
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE_FIXTURE(cleaning, "a clean-up that fails takes the place of what the body has come to") {
    future<> running = launch(both(), executor);
    executor.run_all();
    SUBCASE("a value") { operation.end_with(); }
    SUBCASE("a failure") { operation.fail(std::make_exception_ptr(std::out_of_range("the body's"))); }
    executor.run_all();
    closing.fail(std::make_exception_ptr(std::runtime_error("the clean-up's")));
    executor.run_all();
    CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "the clean-up's", std::runtime_error);
}

TEST_CASE_FIXTURE(cleaning, "what never begins is not cleaned up") {
    const census all;
    const auto held = [](counted) -> task<> { co_return; };
    static_cast<void>(finally(held(counted(1)), [this] { return clean_up(); }));
    CHECK(cleanups == 0);
}

TEST_CASE_FIXTURE(cleaning, "anything that can be awaited can be the body, and the clean-up") {
    const auto whole = [&]() -> task<> {
        co_await finally(operation, [this] { return launch(clean_up(), executor); });
    };
    future<> running = launch(whole(), executor);
    executor.run_all();
    operation.end_with();
    executor.run_all();
    closing.end_with();
    executor.run_all();
    CHECK(cleanups == 1);
    outcome_of(std::move(running));
}

TEST_CASE_FIXTURE(cleaning,
                  "values are moved, never copied; the way of an exception shows the user's coroutines only") {
    const census all;
    const auto value = []() -> task<counted> { co_return counted(1); };
    const auto nothing = []() -> task<> { co_return; };
    const auto whole = [&]() -> task<int> {
        const counted one = co_await finally(value(), nothing);
        co_return one.number();
    };
    CHECK(run(executor, whole()) == 1);
    CHECK(counted::copies == 0);

    const auto fails = []() -> task<> {
        throw std::runtime_error("x");
        co_return;
    };
    const auto failing = [&]() -> task<> { co_await finally(fails(), nothing); };
    const auto root = detail::root<void>::launch(failing(), executor, {}, std::source_location::current());
    executor.run_all();
    CHECK(root->take_trail()->passed.size() == 1);
}

}  // namespace
}  // namespace pyasync
