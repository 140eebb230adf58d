// tests/core/root_test.cpp: tasks that run by themselves: their list, their locals, their executor's refusal.
// SPDX-License-Identifier: MIT
#include <pyasync/core/root.hpp>

#include <doctest/doctest.h>

#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/core/this_task.hpp>
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

constexpr const char* stopped_message =
    "pyasync: the libuv loops have stopped; start tasks before main returns or the interpreter is finalised";

/// Locals that count the roots that carry them.
struct counting_locals final : detail::task_locals_base {
    void root_started() noexcept override { ++started; }
    void root_finished() noexcept override { ++finished; }
    [[nodiscard]] detail::locals_ref for_child() override { return detail::locals_ref::share(this); }
    ~counting_locals() override { ++deaths; }

    int started = 0;
    int finished = 0;
    inline static int deaths = 0;
};

TEST_CASE("a root task does not run where it is launched, but on its executor") {
    manual_executor executor;
    bool ran = false;
    const auto body = [&]() -> task<> {
        ran = true;
        co_return;
    };
    future<> running = launch(body(), executor);
    CHECK_FALSE(ran);
    CHECK_FALSE(running.done());
    executor.run_all();
    CHECK(ran);
    CHECK(running.done());
    outcome_of(std::move(running));
}

TEST_CASE("a task that ends before it goes home is counted neither at its beginning nor at its end") {
    static const auto counting = detail::make_ref<counting_locals>();
    manual_executor executor;
    const auto body = []() -> task<> {
        static_cast<void>(co_await detail::question<&detail::task_context::need_locals>());
    };
    const auto root = detail::root<void>::launch_here(
        body(), executor, [] { return detail::locals_ref::share(counting.get()); }, std::source_location::current());
    CHECK(root->done());
    CHECK(counting->started == 0);
    CHECK(counting->finished == 0);
}

TEST_CASE("a root task is listed, with its place, while it runs") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> { co_await operation; };
    const unsigned line = std::source_location::current().line() + 1;
    future<> running = launch(body(), executor);
    CHECK(executor.running().first() == nullptr);
    executor.run_all();
    const detail::in_flight* const listed = executor.running().first();
    REQUIRE(listed != nullptr);
    CHECK(listed->where().line() == line);
    CHECK(listed->next() == nullptr);
    operation.end_with();
    executor.run_all();
    CHECK(executor.running().first() == nullptr);
    outcome_of(std::move(running));
}

TEST_CASE("a root task has left the list, with its coroutine, when its waiter hears of its end") {
    const census all;
    manual_executor executor;
    struct listener final : detail::executor, detail::work {
        explicit listener(manual_executor& to) noexcept : work(nullptr), observed(to) {}
        void post(detail::work&) noexcept override {
            told = true;
            list_was_empty = observed.running().first() == nullptr;
            alive_then = census::alive();
        }
        [[nodiscard]] bool is_current() const noexcept override { return true; }
        manual_executor& observed;
        bool told = false;
        bool list_was_empty = false;
        int alive_then = -1;
    };
    listener heard(executor);
    const auto body = [](counted) -> task<> { co_return; };
    const auto state = launch(body(counted(1)), executor).release();
    CHECK(state->notify(heard, heard));
    executor.run_all();
    CHECK(heard.told);
    CHECK(heard.list_was_empty);
    CHECK(heard.alive_then == 0);
}

TEST_CASE("what is listed can be cancelled from the list") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> { co_await operation; };
    future<> running = launch(body(), executor);
    executor.run_all();
    executor.running().abandon_if([](const detail::in_flight&) { return true; });
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("an executor that has stopped refuses a task, whose parameters are destroyed unused") {
    const census all;
    manual_executor executor;
    executor.close();
    bool ran = false;
    const auto body = [&ran](counted) -> task<> {
        ran = true;
        co_return;
    };
    future<> refused = launch(body(counted(1)), executor);
    CHECK(refused.done());
    CHECK(census::alive() == 0);
    CHECK_THROWS_WITH_AS(outcome_of(std::move(refused)), stopped_message, std::runtime_error);
    CHECK_FALSE(ran);
}

TEST_CASE("an executor that stops refuses what has not started") {
    const census all;
    manual_executor executor;
    const auto body = [](counted) -> task<> { co_return; };
    future<> waiting = launch(body(counted(1)), executor);
    executor.close();
    CHECK(census::alive() == 0);
    CHECK_THROWS_WITH_AS(outcome_of(std::move(waiting)), stopped_message, std::runtime_error);
}

TEST_CASE("a refused task is an error for the task that awaits it") {
    manual_executor executor, stopped;
    stopped.close();
    const auto child = []() -> task<int> { co_return 1; };
    const auto parent = [&]() -> task<int> { co_return co_await launch(child(), stopped); };
    CHECK_THROWS_WITH_AS(test::run(executor, parent()), stopped_message, std::runtime_error);
}

TEST_CASE("a cancellation that its executor refuses is dropped") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&operation](counted) -> task<> { co_await operation; };
    future<> running = launch(body(counted(1)), executor);
    executor.run_all();
    SUBCASE("when it was on its way") {
        running.cancel();
        CHECK(operation.cancellations() == 0);
    }
    SUBCASE("when it came too late") {
        executor.close();
        running.cancel();
    }
    executor.close();
    CHECK(operation.cancellations() == 0);
    // As the loops do, the executor leaves the task alone; the test ends it, to leave nothing behind.
    executor.running().abandon_if([](const detail::in_flight&) { return true; });
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("locals hear of a root's start at once, and of its end when it has ended") {
    manual_executor executor;
    manual_operation<> operation;
    const auto locals = detail::make_ref<counting_locals>();
    const auto body = [&]() -> task<> {
        CHECK(detail::task_context::current()->locals().get() == locals.get());
        co_await operation;
    };
    future<> running = launch(body(), executor, locals);
    CHECK(locals->started == 1);
    executor.run_all();
    REQUIRE(executor.running().first() != nullptr);
    CHECK(executor.running().first()->carried() == locals.get());
    CHECK(locals->finished == 0);
    operation.end_with();
    executor.run_all();
    CHECK(locals->started == 1);
    CHECK(locals->finished == 1);
    outcome_of(std::move(running));
}

TEST_CASE("locals hear of the end of a root that was refused") {
    manual_executor executor;
    executor.close();
    const auto locals = detail::make_ref<counting_locals>();
    const auto body = []() -> task<> { co_return; };
    const future<> refused = launch(body(), executor, locals);
    CHECK(locals->started == 1);
    CHECK(locals->finished == 1);
}

TEST_CASE("a root that has ended gives its locals up, though its future lives on") {
    counting_locals::deaths = 0;
    manual_executor executor;
    const auto body = []() -> task<int> { co_return 1; };
    future<int> running = launch(body(), executor, detail::make_ref<counting_locals>());
    executor.run_all();
    CHECK(counting_locals::deaths == 1);
    CHECK(outcome_of(std::move(running)) == 1);
}

TEST_CASE("a cancellation that overtakes the start is not lost") {
    // An executor may take what its own thread posts before what others have posted earlier: the uv loop does.
    manual_executor executor;
    struct overtaking final : detail::executor {
        explicit overtaking(manual_executor& to) : through(to) {}
        void post(detail::work& item) noexcept override {
            if (held == nullptr && !released) {
                held = &item;
            } else {
                through.post(item);
            }
        }
        void let_go() {
            released = true;
            through.post(*std::exchange(held, nullptr));
        }
        [[nodiscard]] bool is_current() const noexcept override { return through.is_current(); }
        manual_executor& through;
        detail::work* held = nullptr;
        bool released = false;
    };
    overtaking home(executor);
    manual_operation<> operation;
    const auto body = [&]() -> task<> { co_await operation; };
    future<> running = launch(body(), home);
    running.cancel();
    executor.run_all();
    home.let_go();
    executor.run_all();
    const bool lost = operation.awaited();
    if (lost) operation.end_with();
    executor.run_all();
    CHECK_FALSE(lost);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

}  // namespace
}  // namespace pyasync
