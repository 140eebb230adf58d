// tests/core/event_test.cpp: events: set, cleared, waited for, cancelled, destroyed.
// SPDX-License-Identifier: MIT
#include <pyasync/core/event.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include <pyasync/core/task.hpp>
#include "support/executor_threads.hpp"
#include "support/launch.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::outcome_of;

task<> wait_for(event& what) { co_await what.wait(); }

task<int> wait_twice(event& first, event& second, int& seen) {
    co_await first.wait();
    ++seen;
    co_await second.wait();
    co_return ++seen;
}

TEST_CASE("one that is set is not waited for, until it is cleared") {
    manual_executor home;
    event set(true);
    CHECK(set.is_set());
    test::run(home, wait_for(set));
    set.clear();
    CHECK_FALSE(set.is_set());
    future<> running = launch(wait_for(set), home);
    home.run_all();
    CHECK_FALSE(running.done());
    set.set();
    home.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("all who wait are woken, also where it is cleared at once") {
    manual_executor home;
    event happened;
    std::vector<future<>> running;
    for (int i = 0; i < 3; ++i) running.push_back(launch(wait_for(happened), home));
    home.run_all();
    happened.set();
    happened.clear();
    home.run_all();
    for (future<>& each : running) outcome_of(std::move(each));
}

TEST_CASE("cancelling who waits ends that wait alone") {
    manual_executor home;
    event happened;
    future<> first = launch(wait_for(happened), home);
    future<> second = launch(wait_for(happened), home);
    home.run_all();
    first.cancel();
    first.cancel();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(first)), cancelled);
    CHECK_FALSE(second.done());
    happened.set();
    home.run_all();
    outcome_of(std::move(second));
}

TEST_CASE("a cancellation when it has just been set is thrown by the next wait") {
    manual_executor home;
    event first, second;
    int seen = 0;
    future<int> running = launch(wait_twice(first, second, seen), home);
    home.run_all();
    running.cancel();
    first.set();  // before the cancellation arrives
    home.run_all();
    CHECK(seen == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("who waits when it is destroyed is told so") {
    manual_executor home;
    std::optional<event> happened(std::in_place);
    future<> running = launch(wait_for(*happened), home);
    home.run_all();
    SUBCASE("and is not cancelled by that") {}
    SUBCASE("and a cancellation that comes too late is kept") { running.cancel(); }
    happened.reset();
    home.run_all();
    CHECK_THROWS_WITH_AS(
        outcome_of(std::move(running)),
        "pyasync: an event was destroyed while a task waited for it; keep it for as long as the task runs", misuse);
}

TEST_CASE("tasks of several threads meet at events") {
    constexpr std::size_t rounds = 2000;
    constexpr std::size_t tasks = 6;
    std::vector<event> gates(rounds);
    std::vector<std::atomic<std::size_t>> arrived(rounds);
    test::executor_threads threads(3);
    const auto march = [&]() -> task<> {
        for (std::size_t i = 0; i < rounds; ++i) {
            if (++arrived[i] == tasks) gates[i].set();
            co_await gates[i].wait();
            CHECK(arrived[i] == tasks);
        }
    };
    std::vector<future<>> running;
    for (std::size_t i = 0; i < tasks; ++i) running.push_back(launch(march(), threads[i % threads.size()]));
    for (future<>& each : running) test::wait_for(std::move(each));
}

}  // namespace
}  // namespace pyasync
