// tests/core/semaphore_test.cpp: so many tasks at a time, in the order in which they came.
// SPDX-License-Identifier: MIT
#include <pyasync/core/semaphore.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/core/task.hpp>
#include "support/executor_threads.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;

task<> hold(semaphore& what, manual_operation<>& operation, std::string& order, char name) {
    const auto permit = co_await what.acquire();
    order += name;
    co_await operation;
}

task<> take_one(semaphore& what) {
    auto permit = co_await what.acquire();
    std::move(permit).detach();
}

TEST_CASE("as many as there are permits are in; the others wait in turn") {
    manual_executor home;
    semaphore two(2);
    std::string order;
    manual_operation<> a, b, c, d;
    std::vector<future<>> running;
    running.push_back(launch(hold(two, a, order, 'a'), home));
    running.push_back(launch(hold(two, b, order, 'b'), home));
    running.push_back(launch(hold(two, c, order, 'c'), home));
    running.push_back(launch(hold(two, d, order, 'd'), home));
    home.run_all();
    CHECK(order == "ab");
    CHECK(two.available() == 0);
    b.end_with();
    home.run_all();
    CHECK(order == "abc");
    CHECK_FALSE(two.try_acquire());
    for (manual_operation<>* each : {&a, &c}) each->end_with();
    home.run_all();
    CHECK(order == "abcd");
    CHECK(two.available() == 1);
    d.end_with();
    home.run_all();
    for (future<>& each : running) outcome_of(std::move(each));
    CHECK(two.available() == 2);
}

TEST_CASE("a permit may be given back early, or by somebody else") {
    semaphore two(2);
    std::optional<semaphore::permit> first = two.try_acquire();
    std::optional<semaphore::permit> second = two.try_acquire();
    REQUIRE(first);
    REQUIRE(second);
    first->release();
    first->release();
    CHECK(two.available() == 1);
    std::move(*second).detach();
    second.reset();
    CHECK(two.available() == 1);
    two.release();
    CHECK(two.available() == 2);
    CHECK_THROWS_WITH_AS(two.release(), "pyasync: a semaphore was released that has all its permits", std::logic_error);
}

TEST_CASE("permits that are not there at first are released by whoever has work for others") {
    manual_executor home;
    semaphore jobs(0, 3);
    future<> first = launch(take_one(jobs), home);
    future<> second = launch(take_one(jobs), home);
    home.run_all();
    jobs.release();
    home.run_all();
    CHECK(first.done());
    CHECK_FALSE(second.done());
    jobs.release();
    jobs.release();
    home.run_all();
    outcome_of(std::move(first));
    outcome_of(std::move(second));
    CHECK(jobs.available() == 1);
}

TEST_CASE("a semaphore that could let nobody in is refused") {
    CHECK_THROWS_AS(semaphore(0), std::invalid_argument);
    CHECK_THROWS_AS(semaphore(2, 1), std::invalid_argument);
}

TEST_CASE("who is cancelled while waiting is passed over; who has just been let in leaves again") {
    manual_executor home;
    semaphore one(1);
    std::string order;
    manual_operation<> b, c;
    std::optional<semaphore::permit> held = one.try_acquire();
    future<> second = launch(hold(one, b, order, 'b'), home);
    future<> third = launch(hold(one, c, order, 'c'), home);
    home.run_all();
    second.cancel();
    SUBCASE("while waiting") { home.run_all(); }
    held.reset();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(second)), cancelled);
    CHECK(order.back() == 'c');
    c.end_with();
    home.run_all();
    outcome_of(std::move(third));
    CHECK(one.available() == 1);
}

TEST_CASE("who waits when it is destroyed is told so") {
    manual_executor home;
    std::optional<semaphore> none(std::in_place, 0U, 1U);
    future<> running = launch(take_one(*none), home);
    home.run_all();
    none.reset();
    home.run_all();
    CHECK_THROWS_WITH_AS(
        outcome_of(std::move(running)),
        "pyasync: a semaphore was destroyed while a task waited for it; keep it for as long as the task runs", misuse);
}

TEST_CASE("of tasks on several threads, no more than so many are in") {
    semaphore three(3);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    {
        test::executor_threads threads(3);
        const auto body = [&](std::size_t home) -> task<> {
            for (int i = 0; i < 500; ++i) {
                const auto permit = co_await three.acquire();
                const int now = ++inside;
                CHECK(now <= 3);
                for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
                }
                const auto elsewhere = []() -> task<> { co_return; };
                if (i % 5 == 0) co_await launch(elsewhere(), threads[(home + 1) % threads.size()]);
                --inside;
            }
        };
        std::vector<future<>> running;
        for (std::size_t i = 0; i < 12; ++i) {
            running.push_back(launch(body(i % threads.size()), threads[i % threads.size()]));
        }
        for (future<>& each : running) test::wait_for(std::move(each));
    }
    CHECK(most > 1);
    CHECK(three.available() == 3);
}

}  // namespace
}  // namespace pyasync
