// tests/uv/task_inquiry_test.cpp: what libuv's loops say that they are at. Each case has a process of its own.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/task_inquiry.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <latch>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/uv/loop_pool.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/spawn_blocking.hpp>
#include <pyasync/uv/timeout.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using pyasync::detail::task_report;
using test::launch;
using test::run_on;
using test::wait_for;
using reports = task_inquiry::reports;

constexpr auto long_enough = 60s;

loop_pool& pool() { return loop_pool::instance(); }

std::vector<reports> ask(detail::clock::duration limit = long_enough) {
    return task_inquiry().answers(detail::clock::now() + limit);
}

/// Waits until everything that has been posted to the loops so far has run.
void settle() {
    for (loop* each : pool().running()) run_on(*each, [] {});
}

task<> hour_of_sleep() { co_await sleep(1h); }
task<> sleep_within_a_day() { co_await timeout(24h, hour_of_sleep()); }

TEST_CASE("there is nothing to say before the loops run") { CHECK(ask().empty()); }

TEST_CASE("each loop tells its tasks, the oldest first, and how long they sleep") {
    pool().configure(2);
    future<> on_first = launch(hour_of_sleep(), pool().next());
    future<> on_second = launch(sleep_within_a_day(), pool().next());
    future<> on_first_again = launch(hour_of_sleep(), pool().next());
    settle();
    const std::vector<reports> answers = ask();
    REQUIRE(answers.size() == 2);
    REQUIRE(answers[0].has_value());
    REQUIRE(answers[1].has_value());
    const std::vector<task_report>& first = *answers[0];
    REQUIRE(first.size() == 2);
    CHECK(first[0].self.started.line() < first[1].self.started.line());
    CHECK(first[0].waits_for.starts_with("uv::sleep, 3"));
    const std::vector<task_report>& second = *answers[1];
    REQUIRE(second.size() == 2);
    CHECK(second[0].waits_for.starts_with("timeout: 1 under way, 86"));
    REQUIRE(second[0].awaited.size() == 1);
    CHECK(second[0].awaited[0].id == second[1].self.id);
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a sleep that is over says so until its task continues") {
    loop& home = pool().next();
    future<> sleeping = launch(hour_of_sleep(), home);
    settle();
    std::vector<reports> answers;
    // Both in one step of the loop's: the cancelled task has had no turn yet.
    run_on(home, [&] {
        home.running().abandon_if([](pyasync::detail::in_flight&) { return true; });
        answers = ask();
    });
    REQUIRE(answers.front().has_value());
    const task_report& task = answers.front()->front();
    CHECK(task.waits_for == "uv::sleep, which is over");
    CHECK(task.cancelled);
    CHECK_THROWS_AS(wait_for(std::move(sleeping)), cancelled);
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a blocking function is told with its place") {
    std::latch begun(1), leave(1);
    const auto block = [&] {
        begun.count_down();
        leave.wait();
    };
    const std::source_location here = std::source_location::current();
    future<> job = spawn_blocking(block, pool().next(), {}, here);
    begun.wait();
    const std::vector<reports> answers = ask();
    REQUIRE(answers.front().has_value());
    REQUIRE(answers.front()->size() == 1);
    const task_report& told = answers.front()->front();
    CHECK(told.self.what == "a blocking function");
    CHECK(told.self.started.line() == here.line());
    CHECK_FALSE(told.waits);
    leave.count_down();
    wait_for(std::move(job));
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a loop that does not answer delays nobody for longer than asked, and is known by its silence") {
    pool().configure(2);
    std::latch busy(1), leave(1);
    test::posted_function blocking([&](pyasync::detail::delivery) {
        busy.count_down();
        leave.wait();
    });
    pool().next().post(blocking);
    future<> running = launch(hour_of_sleep(), pool().next());
    busy.wait();
    const std::vector<reports> answers = ask(50ms);
    REQUIRE(answers.size() == 2);
    CHECK_FALSE(answers[0].has_value());
    REQUIRE(answers[1].has_value());
    CHECK(answers[1]->size() == 1);
    leave.count_down();
    settle();  // it has answered by now, to nobody
    CHECK(ask().front().has_value());
    CHECK(pool().stop(long_enough).empty());
}

task<> ask_within(std::vector<reports>& answers) {
    answers = ask();
    co_return;
}

TEST_CASE("a task that asks is told of its own loop, too, and that it runs") {
    pool().configure(2);
    loop& home = pool().next();
    future<> other = launch(hour_of_sleep(), pool().next());
    settle();
    std::vector<reports> answers;
    wait_for(launch(ask_within(answers), home));
    REQUIRE(answers.size() == 2);
    REQUIRE(answers[0].has_value());
    REQUIRE(answers[0]->size() == 1);
    CHECK_FALSE(answers[0]->front().waits);
    REQUIRE(answers[1].has_value());
    CHECK(answers[1]->size() == 1);
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("loops that have stopped have nothing to say") {
    future<> running = launch(hour_of_sleep(), pool().next());
    settle();
    CHECK(pool().stop(long_enough).empty());
    CHECK(ask().empty());
}

}  // namespace
}  // namespace pyasync::uv
