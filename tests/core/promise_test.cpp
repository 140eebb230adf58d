// tests/core/promise_test.cpp: futures that a callback completes.
// SPDX-License-Identifier: MIT
#include <pyasync/core/promise.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <pyasync/core/task.hpp>
#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/manual_executor.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::outcome_of;
using test::wait_for;

template <typename T>
task<T> await_it(future<T> awaited) {
    co_return co_await std::move(awaited);
}

TEST_CASE("a value that is set is the one that the future gives") {
    manual_executor executor;
    const promise<std::string> reply;
    future<std::string> running = launch(await_it(reply.get_future()), executor);
    executor.run_all();
    CHECK_FALSE(running.done());
    CHECK(reply.set_value(3, 'x'));
    CHECK_FALSE(reply.set_value("later"));
    CHECK_FALSE(reply.set_exception(std::make_exception_ptr(std::runtime_error("later"))));
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == "xxx");
}

TEST_CASE("it may be set before anybody waits, and be nothing") {
    const promise<> reply;
    CHECK(reply.set_value());
    future<> ended = reply.get_future();
    CHECK(ended.done());
    outcome_of(std::move(ended));
}

TEST_CASE("an exception that is set is thrown") {
    const promise<int> reply;
    future<int> ended = reply.get_future();
    CHECK(reply.set_exception(std::make_exception_ptr(std::out_of_range("too far"))));
    CHECK_THROWS_AS(outcome_of(std::move(ended)), std::out_of_range);
}

TEST_CASE("it is set on another thread") {
    const promise<int> reply;
    std::thread other([reply] { reply.set_value(4); });
    CHECK(wait_for(reply.get_future()) == 4);
    other.join();
}

TEST_CASE("a promise has one future") {
    const promise<int> reply;
    const promise<int> copy(reply);
    const future<int> first = reply.get_future();
    CHECK_THROWS_AS(static_cast<void>(copy.get_future()), std::logic_error);
    CHECK(reply.set_value(1));
}

TEST_CASE("a promise that goes without a value says so") {
    future<int> orphan = promise<int>().get_future();
    REQUIRE(orphan.done());
    CHECK_THROWS_WITH_AS(outcome_of(std::move(orphan)), "pyasync: a promise was destroyed before it had a value",
                         std::runtime_error);
}

TEST_CASE("cancelling the future ends it, and drops what is set later") {
    const promise<int> reply;
    future<int> cancelled_one = reply.get_future();
    cancelled_one.cancel();
    REQUIRE(cancelled_one.done());
    CHECK_FALSE(reply.set_value(1));
    CHECK_THROWS_AS(outcome_of(std::move(cancelled_one)), cancelled);
}

TEST_CASE("cancelling the task that waits throws at once") {
    manual_executor executor;
    const promise<int> reply;
    future<int> running = launch(await_it(reply.get_future()), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("cancelling the task that waits when the value has been set throws at its next wait") {
    manual_executor executor;
    const promise<int> reply;
    int seen = 0;
    const auto body = [&]() -> task<> {
        seen = co_await reply.get_future();
        co_await promise<int>().get_future();
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    REQUIRE(reply.set_value(3));
    executor.run_all();
    CHECK(seen == 3);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("an operation that can be cancelled is asked to end, and its end is waited for") {
    int asked = 0;
    const promise<int> reply;
    reply.on_cancel([&asked] { ++asked; });
    {
        future<int> running = reply.get_future();
        running.cancel();
        running.cancel();
        CHECK(asked == 2);
        CHECK_FALSE(running.done());
    }  // nobody wants it any more
    CHECK(asked == 3);
    CHECK(reply.set_value(4));
}

TEST_CASE("what a handler holds goes with the outcome, also the promise itself") {
    const test::census all;
    {
        const promise<int> reply;
        reply.on_cancel([reply, held = test::counted(1)] { reply.set_value(held.number()); });
        future<int> running = reply.get_future();
        running.cancel();
        REQUIRE(running.done());
        CHECK(outcome_of(std::move(running)) == 1);
        CHECK(test::census::alive() == 0);
    }
    CHECK(test::census::alive() == 0);
}

TEST_CASE("a handler that throws ends the future with that") {
    const promise<int> reply;
    reply.on_cancel([] { throw std::out_of_range("too far"); });
    future<int> running = reply.get_future();
    running.cancel();
    REQUIRE(running.done());
    CHECK_THROWS_AS(outcome_of(std::move(running)), std::out_of_range);
}

}  // namespace
}  // namespace pyasync
