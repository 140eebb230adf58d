// tests/core/mutex_test.cpp: one task at a time, in the order in which they came.
// SPDX-License-Identifier: MIT
#include <pyasync/core/mutex.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/core/event.hpp>
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

/// Has the lock while the operation is under way.
task<> hold(mutex& what, manual_operation<>& operation, std::string& order, char name) {
    const auto guard = co_await what.lock();
    order += name;
    co_await operation;
}

TEST_CASE("the lock is free, then held by its guard, then free again") {
    manual_executor home;
    mutex one;
    const auto body = [&]() -> task<> {
        {
            const auto guard = co_await one.lock();
            CHECK(guard.owns_lock());
            CHECK_FALSE(one.try_lock());
        }
        std::optional<mutex::guard> second = one.try_lock();
        REQUIRE(second);
        mutex::guard moved = *std::move(second);
        CHECK_FALSE(one.try_lock());
        moved.unlock();
        CHECK_FALSE(moved.owns_lock());
        moved.unlock();
        CHECK(one.try_lock());
    };
    test::run(home, body());
}

TEST_CASE("a guard that is given another one gives its own back") {
    mutex one, other;
    mutex::guard guard = *one.try_lock();
    guard = *other.try_lock();
    CHECK(one.try_lock());
    CHECK_FALSE(other.try_lock());
}

TEST_CASE("who unlocks it gives it to who has waited longest, and nobody overtakes") {
    manual_executor home;
    mutex one;
    std::string order;
    manual_operation<> a, b, c;
    future<> first = launch(hold(one, a, order, 'a'), home);
    future<> second = launch(hold(one, b, order, 'b'), home);
    future<> third = launch(hold(one, c, order, 'c'), home);
    home.run_all();
    CHECK(order == "a");
    a.end_with();
    REQUIRE(home.run_one());  // the first one has unlocked it, and the second one does not know yet
    CHECK_FALSE(one.try_lock());
    home.run_all();
    CHECK(order == "ab");
    b.end_with();
    home.run_all();
    CHECK(order == "abc");
    c.end_with();
    home.run_all();
    for (future<>* each : {&first, &second, &third}) outcome_of(std::move(*each));
    CHECK(one.try_lock());
}

TEST_CASE("who is cancelled while waiting is passed over") {
    manual_executor home;
    mutex one;
    std::string order;
    manual_operation<> a, b, c;
    future<> first = launch(hold(one, a, order, 'a'), home);
    future<> second = launch(hold(one, b, order, 'b'), home);
    future<> third = launch(hold(one, c, order, 'c'), home);
    home.run_all();
    second.cancel();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(second)), cancelled);
    a.end_with();
    home.run_all();
    CHECK(order == "ac");
    c.end_with();
    home.run_all();
    outcome_of(std::move(first));
    outcome_of(std::move(third));
}

TEST_CASE("who is cancelled when the lock has just been given to him passes it on") {
    manual_executor home;
    mutex one;
    std::string order;
    manual_operation<> b, c;
    std::optional<mutex::guard> held = one.try_lock();
    future<> second = launch(hold(one, b, order, 'b'), home);
    future<> third = launch(hold(one, c, order, 'c'), home);
    home.run_all();
    second.cancel();
    held.reset();  // before the cancellation arrives
    home.run_all();
    CHECK(order == "bc");  // it had the lock, and its next wait has thrown
    CHECK_THROWS_AS(outcome_of(std::move(second)), cancelled);
    c.end_with();
    home.run_all();
    outcome_of(std::move(third));
}

TEST_CASE("who waits when it is destroyed is told so; a guard may outlive it") {
    manual_executor home;
    std::optional<mutex> one(std::in_place);
    std::string order;
    manual_operation<> a, b;
    future<> first = launch(hold(*one, a, order, 'a'), home);
    future<> second = launch(hold(*one, b, order, 'b'), home);
    home.run_all();
    one.reset();
    home.run_all();
    CHECK_THROWS_WITH_AS(
        outcome_of(std::move(second)),
        "pyasync: a mutex was destroyed while a task waited for it; keep it for as long as the task runs", misuse);
    a.end_with();
    home.run_all();
    outcome_of(std::move(first));
    CHECK(order == "a");
}

/// Counts those who are there.
class stay {
public:
    explicit stay(int& count) noexcept : count_(count) { ++count_; }
    stay(const stay&) = delete;
    stay& operator=(const stay&) = delete;
    ~stay() { --count_; }

private:
    int& count_;
};

TEST_CASE("of tasks on several threads, one at a time is in, however they are cancelled") {
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::mt19937 random(seed);
    mutex one;
    int inside = 0;  // what it guards
    {
        test::executor_threads threads(3);
        const auto body = [&](std::size_t home) -> task<> {
            for (int i = 0; i < 300; ++i) {
                const auto guard = co_await one.lock();
                const stay here(inside);
                CHECK(inside == 1);
                if (i % 7 == 0) {  // somewhere else, with the lock held
                    const auto elsewhere = []() -> task<> { co_return; };
                    co_await launch(elsewhere(), threads[(home + 1) % threads.size()]);
                }
            }
        };
        std::vector<future<>> running;
        for (std::size_t i = 0; i < 24; ++i) {
            running.push_back(launch(body(i % threads.size()), threads[i % threads.size()]));
        }
        for (int i = 0; i < 12; ++i) {
            running[random() % running.size()].cancel();
            std::this_thread::yield();
        }
        for (future<>& each : running) {
            try {
                test::wait_for(std::move(each));
            } catch (const cancelled&) {
            }
        }
    }
    CHECK(one.try_lock());
}

}  // namespace
}  // namespace pyasync
