// tests/core/task_report_test.cpp: what a task that waits says of itself.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_report.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/as_task.hpp>
#include <pyasync/core/async_generator.hpp>
#include <pyasync/core/channel.hpp>
#include <pyasync/core/event.hpp>
#include <pyasync/core/mutex.hpp>
#include <pyasync/core/promise.hpp>
#include <pyasync/core/semaphore.hpp>
#include <pyasync/core/task_group.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/core/when_any.hpp>
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using detail::task_report;
using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;

constexpr unsigned this_line(const std::source_location& where = std::source_location::current()) {
    return where.line();
}

/// What runs on an executor, the latest first.
std::vector<task_report> reports_of(manual_executor& home) {
    std::vector<task_report> all;
    for (const detail::in_flight* each = home.running().first(); each != nullptr; each = each->next()) {
        each->describe(all.emplace_back());
    }
    return all;
}

task_report only_report_of(manual_executor& home) {
    std::vector<task_report> all = reports_of(home);
    REQUIRE(all.size() == 1);
    return std::move(all.front());
}

std::vector<unsigned> lines_of(const task_report& task) {
    std::vector<unsigned> lines;
    for (const std::source_location& each : task.places) lines.push_back(each.line());
    return lines;
}

/// The lines of its two waits, each in a coroutine that it awaits.
struct lines {
    unsigned first_inner, first_outer, second_inner, second_outer;
};

task<> wait_for(manual_operation<>& operation, unsigned& line) {
    line = this_line() + 1;
    co_await operation;
}

task<int> end_at_once() { co_return 1; }

task<> wait_twice(manual_operation<>& first, manual_operation<>& second, lines& at) {
    co_await end_at_once();
    at.first_outer = this_line() + 1;
    co_await wait_for(first, at.first_inner);
    co_await end_at_once();
    at.second_outer = this_line() + 1;
    co_await wait_for(second, at.second_inner);
}

TEST_CASE("a task that waits tells the places of its co_awaits, from the inside out") {
    manual_executor home;
    manual_operation<> first, second;
    lines at{};
    const unsigned started = this_line() + 1;
    future<> running = launch(wait_twice(first, second, at), home);
    home.run_all();

    const task_report task = only_report_of(home);
    CHECK(task.self.what == "a C++ task");
    CHECK(task.self.started.line() == started);
    CHECK(task.waits);
    CHECK(task.waits_for == "the test");
    CHECK_FALSE(task.cancelled);
    CHECK(lines_of(task) == std::vector{at.first_inner, at.first_outer});
    CHECK(std::string(task.places[0].function_name()).find("wait_for") != std::string::npos);
    CHECK(std::string(task.places[1].function_name()).find("wait_twice") != std::string::npos);
    CHECK(std::string(task.places[0].file_name()).find("task_report_test.cpp") != std::string::npos);

    first.end_with();
    home.run_all();
    CHECK(lines_of(only_report_of(home)) == std::vector{at.second_inner, at.second_outer});
    second.end_with();
    home.run_all();
    CHECK(reports_of(home).empty());
    outcome_of(std::move(running));
}

task<> clean_up_in(manual_operation<>& operation, manual_operation<>& cleanup, unsigned& line) {
    bool interrupted = false;
    try {
        co_await operation;
    } catch (const cancelled&) {
        interrupted = true;
    }
    line = this_line() + 1;
    if (interrupted) co_await cleanup;
}

TEST_CASE("a task that has been cancelled says so, and where it cleans up") {
    manual_executor home;
    manual_operation<> operation, cleanup;
    unsigned line = 0;
    future<> running = launch(clean_up_in(operation, cleanup, line), home);
    home.run_all();
    running.cancel();
    home.run_all();
    const task_report task = only_report_of(home);
    CHECK(task.cancelled);
    CHECK(lines_of(task) == std::vector{line});
    cleanup.end_with();
    home.run_all();
    outcome_of(std::move(running));
}

task<> describe_oneself(manual_executor& home, task_report& into) {
    into = only_report_of(home);
    co_return;
}

TEST_CASE("a task that runs does not wait, and stands nowhere") {
    manual_executor home;
    task_report task;
    test::run(home, describe_oneself(home, task));
    CHECK_FALSE(task.waits);
    CHECK(task.places.empty());
    CHECK(task.self.what == "a C++ task");
}

async_generator<int> count(manual_operation<>& between, unsigned& line) {
    co_yield 1;
    line = this_line() + 1;
    co_await between;
    co_yield 2;
}

task<> take_two(manual_operation<>& between, unsigned& inner, unsigned& outer) {
    auto numbers = count(between, inner);
    co_await numbers.next();
    outer = this_line() + 1;
    co_await numbers.next();
}

TEST_CASE("a generator's co_await is one of the task that awaits its next item") {
    manual_executor home;
    manual_operation<> between;
    unsigned inner = 0;
    unsigned outer = 0;
    future<> running = launch(take_two(between, inner, outer), home);
    home.run_all();
    CHECK(lines_of(only_report_of(home)) == std::vector{inner, outer});
    between.end_with();
    home.run_all();
    outcome_of(std::move(running));
}

task<> await_future(future<> awaited) { co_await std::move(awaited); }

TEST_CASE("who awaits a future names what that stands for by its id") {
    manual_executor home;
    manual_operation<> operation;
    unsigned line = 0;
    future<> inner = launch(wait_for(operation, line), home);
    home.run_all();
    const task_report awaited = only_report_of(home);
    future<> outer = launch(await_future(std::move(inner)), home);
    home.run_all();
    {
        const std::vector<task_report> both = reports_of(home);
        REQUIRE(both.size() == 2);
        REQUIRE(both[0].awaited.size() == 1);
        CHECK(both[0].waits_for == "a C++ task");
        CHECK(both[0].awaited[0].id == awaited.self.id);
        CHECK(both[0].awaited[0].started.line() == awaited.self.started.line());
        CHECK(both[0].self.id != both[1].self.id);
    }
    operation.end_with();
    REQUIRE(home.run_one());  // the inner one ends, and the outer one has not heard of it yet
    CHECK(only_report_of(home).waits_for == "a C++ task, which has ended");
    home.run_all();
    outcome_of(std::move(outer));
}

TEST_CASE("a promise is no task, but what is waited for") {
    manual_executor home;
    const promise<> reply;
    future<> running = launch(await_future(reply.get_future()), home);
    home.run_all();
    const task_report task = only_report_of(home);
    CHECK(task.waits_for == "a promise");
    REQUIRE(task.awaited.size() == 1);
    CHECK(task.awaited[0].started.line() == 0);
    reply.set_value();
    home.run_all();
    outcome_of(std::move(running));
}

task<> gather_two(manual_operation<>& first, manual_operation<>& second, unsigned& line) {
    unsigned ignored = 0;
    line = this_line() + 1;
    co_await when_all(wait_for(first, ignored), wait_for(second, ignored));
}
task<> race_two(manual_operation<>& first, manual_operation<>& second, unsigned& line) {
    unsigned ignored = 0;
    line = this_line() + 1;
    co_await when_any(wait_for(first, ignored), wait_for(second, ignored));
}
task<> group_two(manual_operation<>& first, manual_operation<>& second, unsigned& line) {
    unsigned ignored = 0;
    const auto body = [&](task_group& group) -> task<> {
        group.spawn(wait_for(first, ignored));
        co_await second;
    };
    line = this_line() + 1;
    co_await with_task_group(body);
}

TEST_CASE("who waits for several names those that are under way") {
    manual_executor home;
    manual_operation<> first, second;
    unsigned line = 0;
    std::string name;
    bool ends_with_the_first = false;
    task<> body = gather_two(first, second, line);
    SUBCASE("when_all") { name = "when_all"; }
    SUBCASE("when_any") {
        body = race_two(first, second, line);
        name = "when_any";
        ends_with_the_first = true;
    }
    SUBCASE("a group") {
        body = group_two(first, second, line);
        name = "a task_group";
    }
    future<> running = launch(std::move(body), home);
    home.run_all();
    std::vector<task_report> all = reports_of(home);
    REQUIRE(all.size() == 3);
    const task_report parent = std::move(all.back());
    CHECK(parent.waits_for == name + ": 2 under way");
    CHECK(lines_of(parent) == std::vector{line});
    REQUIRE(parent.awaited.size() == 2);
    CHECK(parent.awaited[0].id == all[1].self.id);
    CHECK(parent.awaited[1].id == all[0].self.id);
    first.end_with();
    home.run_all();
    if (!ends_with_the_first) {
        CHECK(reports_of(home).back().waits_for == name + ": 1 under way");
        second.end_with();
        home.run_all();
    }
    outcome_of(std::move(running));
}

/// What a task that awaits it says that it waits for.
template <typename Awaitable>
std::string wait_of(Awaitable awaitable) {
    manual_executor home;
    auto running = launch(detail::as_task<Awaitable>(std::move(awaitable)), home);
    home.run_all();
    std::string waits_for = only_report_of(home).waits_for;
    running.cancel();
    home.run_all();
    return waits_for;
}

TEST_CASE("who waits for other tasks to do something says for what") {
    const channel<int> numbers(0);
    CHECK(wait_of(numbers.send(1)) == "room in a channel");
    CHECK(wait_of(numbers.receive()) == "an item of a channel");
    const event happened;
    CHECK(wait_of(happened.wait()) == "an event");
    mutex one;
    const auto guard = one.try_lock();
    CHECK(wait_of(one.lock()) == "a mutex");
    semaphore none(0, 1);
    CHECK(wait_of(none.acquire()) == "a semaphore");
}

TEST_CASE("a coroutine that the user has not written is no place") {
    manual_executor home;
    manual_operation<> operation;
    future<> running = launch(detail::as_task<manual_operation<>&>(operation), home);
    home.run_all();
    const task_report task = only_report_of(home);
    CHECK(task.waits_for == "the test");
    CHECK(task.places.empty());
    operation.end_with();
    home.run_all();
    outcome_of(std::move(running));
}

task<> nest(manual_operation<>& operation, std::size_t depth) {
    if (depth == 0) {
        co_await operation;
    } else {
        co_await nest(operation, depth - 1);
    }
}

TEST_CASE("a deep nest tells its innermost places, and how many there are further out") {
    manual_executor home;
    manual_operation<> operation;
    constexpr std::size_t depth = 1000;
    future<> running = launch(nest(operation, depth), home);
    home.run_all();
    const task_report task = only_report_of(home);
    CHECK(task.places.size() == task_report::most_places);
    CHECK(task.places.size() + task.places_left_out == depth + 1);
    operation.end_with();
    home.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("as long as a report is there, nothing else has the address of what it names") {
    manual_executor home;
    manual_operation<> operation;
    unsigned line = 0;
    future<> running = launch(wait_for(operation, line), home);
    home.run_all();
    const task_report task = only_report_of(home);
    operation.end_with();
    home.run_all();
    outcome_of(std::move(running));
    for (int i = 0; i < 100; ++i) {
        future<> next = launch(wait_for(operation, line), home);
        home.run_all();
        CHECK(only_report_of(home).self.id != task.self.id);
        operation.end_with();
        home.run_all();
        outcome_of(std::move(next));
    }
}

}  // namespace
}  // namespace pyasync
