// tests/core/task_context_test.cpp: whose turn it is on a thread, locals, and the way that exceptions came.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_context.hpp>

#include <doctest/doctest.h>

#include <source_location>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using detail::exception_trail;
using detail::task_context;
using test::launch;
using test::manual_executor;
using test::manual_operation;

/// Runs `body`, which must fail, and returns the way that its exception has come.
template <typename T>
std::unique_ptr<exception_trail> trail_of(manual_executor& executor, task<T> body) {
    auto root = detail::root<T>::launch(std::move(body), executor, {}, std::source_location::current());
    executor.run_all();
    REQUIRE(root->done());
    REQUIRE(root->outcome.failed());
    auto trail = root->take_trail();
    REQUIRE(trail != nullptr);
    CHECK(trail->subject == root->outcome.error());
    return trail;
}

std::vector<unsigned> lines_of(const exception_trail& trail) {
    std::vector<unsigned> lines;
    for (const std::source_location& where : trail.passed) lines.push_back(where.line());
    return lines;
}

constexpr unsigned this_line(const std::source_location& where = std::source_location::current()) {
    return where.line();
}

TEST_CASE("a running task can be had from its thread, and only while it runs") {
    manual_executor executor;
    manual_operation<> operation;
    task_context* in_outer = nullptr;
    task_context* in_inner = nullptr;
    task_context* afterwards = nullptr;
    const auto inner = [&]() -> task<> {
        in_inner = task_context::current();
        co_await operation;
        afterwards = task_context::current();
    };
    const auto outer = [&]() -> task<> {
        in_outer = task_context::current();
        co_await inner();
    };
    CHECK(task_context::current() == nullptr);
    future<> running = launch(outer(), executor);
    executor.run_all();
    CHECK(task_context::current() == nullptr);
    operation.end_with();
    executor.run_all();
    CHECK(task_context::current() == nullptr);
    REQUIRE(in_outer != nullptr);
    CHECK(in_inner == in_outer);
    CHECK(afterwards == in_outer);
    test::outcome_of(std::move(running));
}

TEST_CASE("a task that is run from within another does not take its place") {
    manual_executor executor, other;
    bool same = false;
    const auto inner = []() -> task<> { co_return; };
    const auto outer = [&]() -> task<> {
        const task_context* const before = task_context::current();
        test::run(other, inner());
        same = before == task_context::current();
        co_return;
    };
    test::run(executor, outer());
    CHECK(same);
}

TEST_CASE("a task knows its home") {
    manual_executor executor;
    const detail::executor* home = nullptr;
    const auto body = [&]() -> task<> {
        home = &task_context::current()->home();
        co_return;
    };
    test::run(executor, body());
    CHECK(home == &executor);
}

TEST_CASE("an exception leaves a trail of the waits that it has passed, innermost first") {
    manual_executor executor;
    manual_operation<> operation;
    unsigned inner_line = 0;
    unsigned outer_line = 0;
    const auto inner = [&]() -> task<> {
        inner_line = this_line() + 1;
        co_await operation;
    };
    const auto outer = [&]() -> task<> {
        outer_line = this_line() + 1;
        co_await inner();
    };
    auto root = detail::root<void>::launch(outer(), executor, {}, std::source_location::current());
    executor.run_all();
    operation.fail(std::make_exception_ptr(std::runtime_error("lost")));
    executor.run_all();
    const auto trail = root->take_trail();
    REQUIRE(trail != nullptr);
    CHECK(lines_of(*trail) == std::vector{inner_line, outer_line});
    CHECK(std::string_view(trail->passed[0].file_name()).ends_with("task_context_test.cpp"));
}

TEST_CASE("an exception thrown in a coroutine begins its trail where that is awaited") {
    manual_executor executor;
    unsigned line = 0;
    const auto failing = []() -> task<> {
        throw std::runtime_error("lost");
        co_return;
    };
    const auto body = [&]() -> task<> {
        line = this_line() + 1;
        co_await failing();
    };
    const auto lines = lines_of(*trail_of(executor, body()));
    CHECK(lines == std::vector{line});
}

TEST_CASE("an exception thrown anew begins a trail of its own") {
    manual_executor executor;
    unsigned outer_line = 0;
    const auto failing = []() -> task<> {
        throw std::runtime_error("first");
        co_return;
    };
    const auto translating = [&]() -> task<> {
        try {
            co_await failing();
        } catch (const std::runtime_error&) {
            throw std::logic_error("second");
        }
    };
    const auto body = [&]() -> task<> {
        outer_line = this_line() + 1;
        co_await translating();
    };
    const auto lines = lines_of(*trail_of(executor, body()));
    CHECK(lines == std::vector{outer_line});
}

TEST_CASE("the trail of a spawned task is continued by the task that awaits it") {
    manual_executor executor;
    unsigned child_line = 0;
    unsigned parent_line = 0;
    const auto failing = []() -> task<> {
        throw std::runtime_error("lost");
        co_return;
    };
    const auto child = [&]() -> task<> {
        child_line = this_line() + 1;
        co_await failing();
    };
    const auto parent = [&]() -> task<> {
        future<> spawned = launch(child(), executor);
        parent_line = this_line() + 1;
        co_await std::move(spawned);
    };
    const auto lines = lines_of(*trail_of(executor, parent()));
    CHECK(lines == std::vector{child_line, parent_line});
}

TEST_CASE("a trail has an end, however deep the exception comes from") {
    manual_executor executor;
    struct recursion {
        static task<> down(int depth) {
            if (depth == 0) throw std::runtime_error("the bottom");
            co_await down(depth - 1);
        }
    };
    CHECK(trail_of(executor, recursion::down(300))->passed.size() == 256);
}

TEST_CASE("a task that has not failed has no trail") {
    manual_executor executor;
    const auto body = []() -> task<> { co_return; };
    auto root = detail::root<void>::launch(body(), executor, {}, std::source_location::current());
    executor.run_all();
    CHECK(root->take_trail() == nullptr);
}

}  // namespace
}  // namespace pyasync
