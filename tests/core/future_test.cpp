// tests/core/future_test.cpp: handles on what runs: awaiting, letting go; from any thread.
// SPDX-License-Identifier: MIT
#include <pyasync/core/future.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include "support/children.hpp"
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
using test::number;
using test::outcome_of;
using test::run;

static_assert(!std::is_copy_constructible_v<future<int>> && !std::is_copy_assignable_v<future<int>>);
static_assert(std::is_nothrow_move_constructible_v<future<int>> && std::is_nothrow_move_assignable_v<future<int>>);

TEST_CASE("awaiting a future gives the value") {
    manual_executor executor;
    const auto body = [&]() -> task<int> {
        future<int> running = launch(number(4), executor);
        co_return co_await std::move(running);
    };
    CHECK(run(executor, body()) == 4);
}

TEST_CASE("awaiting a future that has ended does not wait") {
    manual_executor executor, other;
    future<int> ended = launch(number(4), other);
    other.run_all();
    REQUIRE(ended.done());
    const auto body = [&]() -> task<int> { co_return co_await std::move(ended); };
    future<int> running = launch(body(), executor);
    CHECK(executor.run_all() == 1);  // its start, and nothing else
    CHECK(outcome_of(std::move(running)) == 4);
}

TEST_CASE("what has been moved from is refused, wherever it is used") {
    manual_executor executor;
    const auto message = [](auto&& use) -> std::string {
        try {
            use();
        } catch (const misuse& refused) {
            return refused.what();
        }
        return "";
    };
    const auto awaits = [](auto& gone) -> task<int> { co_return co_await std::move(gone); };
    const auto awaits_all = [](auto& gone) -> task<int> {
        co_return std::get<0>(co_await when_all(std::move(gone), number(1)));
    };
    future<int> kept = launch(number(1), executor);
    future<int> taken = std::move(kept);
    const std::string of_future = "pyasync: this future has been awaited, given away or moved from before";
    CHECK(message([&] { run(executor, awaits(kept)); }) == of_future);
    CHECK(message([&] { run(executor, awaits_all(kept)); }) == of_future);
    CHECK(run(executor, awaits(taken)) == 1);
    CHECK(message([&] { run(executor, awaits(taken)); }) == of_future);
    task<int> cold = number(2);
    task<int> other = std::move(cold);
    const std::string of_task = "pyasync: this task has been awaited, given away or moved from before";
    CHECK(message([&] { run(executor, awaits(cold)); }) == of_task);
    CHECK(message([&] { run(executor, awaits_all(cold)); }) == of_task);
    CHECK(message([&] { static_cast<void>(launch(std::move(cold), executor)); }) == of_task);
    CHECK(run(executor, awaits(other)) == 2);
    CHECK(message([&] { run(executor, std::move(other)); }) == of_task);
}

TEST_CASE("a waiter can be taken back until the operation has ended, and is not told then") {
    struct listener final : detail::work {
        listener() noexcept : work(&count) {}
        static void count(detail::work& self, detail::delivery) noexcept { ++static_cast<listener&>(self).told; }
        int told = 0;
    };
    manual_executor executor;
    listener early, late;
    const auto state = launch(number(4), executor).release();
    CHECK_FALSE(state->withdraw(early));
    REQUIRE(state->notify(early, executor));
    CHECK(state->awaited());
    CHECK(state->withdraw(early));
    CHECK_FALSE(state->awaited());
    REQUIRE(state->notify(late, executor));
    executor.run_all();
    CHECK_FALSE(state->withdraw(late));
    CHECK(early.told == 0);
    CHECK(late.told == 1);
}

TEST_CASE("awaiting a future gives the exception") {
    manual_executor executor;
    const auto failing = []() -> task<int> {
        throw std::out_of_range("too far");
        co_return 1;
    };
    const auto body = [&]() -> task<int> { co_return co_await launch(failing(), executor); };
    CHECK_THROWS_WITH_AS(run(executor, body()), "too far", std::out_of_range);
}

TEST_CASE("a future gives nothing, and what can only be moved") {
    manual_executor executor;
    const auto nothing = []() -> task<> { co_return; };
    const auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
    const auto body = [&]() -> task<int> {
        co_await launch(nothing(), executor);
        const std::unique_ptr<int> five = co_await launch(owner(), executor);
        co_return *five;
    };
    CHECK(run(executor, body()) == 5);
}

TEST_CASE("a future's value is moved on its way, never copied") {
    const census all;
    manual_executor executor;
    const auto child = []() -> task<counted> { co_return counted(6); };
    const auto body = [&]() -> task<int> {
        const counted received = co_await launch(child(), executor);
        co_return received.number();
    };
    CHECK(run(executor, body()) == 6);
    CHECK(counted::copies == 0);
}

TEST_CASE("a value that nobody fetches is destroyed with the future") {
    const census all;
    manual_executor executor;
    const auto child = []() -> task<counted> { co_return counted(6); };
    {
        const future<counted> unread = launch(child(), executor);
        executor.run_all();
        CHECK(census::alive() == 1);
    }
    CHECK(census::alive() == 0);
}

TEST_CASE("destroying a future cancels what it stands for") {
    manual_executor executor;
    manual_operation<> operation;
    bool unwound = false;
    const auto body = [&]() -> task<> {
        try {
            co_await operation;
        } catch (const cancelled&) {
            unwound = true;
            throw;
        }
    };
    {
        const future<> dropped = launch(body(), executor);
        executor.run_all();
    }
    CHECK_FALSE(unwound);
    executor.run_all();
    CHECK(unwound);
    CHECK(executor.running().first() == nullptr);
}

TEST_CASE("destroying a future that has ended posts nothing") {
    manual_executor executor;
    {
        const future<int> ended = launch(number(1), executor);
        executor.run_all();
    }
    CHECK(executor.run_all() == 0);
}

TEST_CASE("assigning a new future to an old one cancels what that stood for") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto body = [](manual_operation<>& operation) -> task<> { co_await operation; };
    future<> running = launch(body(first), executor);
    executor.run_all();
    running = launch(body(second), executor);
    executor.run_all();
    CHECK(first.cancellations() == 1);
    REQUIRE(second.awaited());
    CHECK(second.cancellations() == 0);
    second.end_with();
    executor.run_all();
    CHECK(running.done());
}

TEST_CASE("a detached task runs to its end") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    bool ended = false;
    const auto body = [&](counted) -> task<counted> {
        co_await operation;
        ended = true;
        co_return counted(2);
    };
    launch(body(counted(1)), executor).detach();
    executor.run_all();
    CHECK(operation.cancellations() == 0);
    operation.end_with();
    executor.run_all();
    CHECK(ended);
    CHECK(census::alive() == 0);
}

TEST_CASE("the exception of a detached task is dropped") {
    manual_executor executor;
    const auto failing = []() -> task<> {
        throw std::runtime_error("nobody listens");
        co_return;
    };
    launch(failing(), executor).detach();
    executor.run_all();
    CHECK(executor.running().first() == nullptr);
}

TEST_CASE("done tells whether it has ended; an empty future has nothing to end") {
    manual_executor executor;
    future<int> running = launch(number(1), executor);
    CHECK_FALSE(running.done());
    executor.run_all();
    CHECK(running.done());
    future<int> moved = std::move(running);
    CHECK(moved.done());
    CHECK_FALSE(running.done());  // NOLINT(bugprone-use-after-move): that is what is tested
    running.cancel();
}

TEST_CASE("a waiter resumes at its own home, whoever completes what it awaits") {
    manual_executor mine, theirs;
    manual_operation<int> operation;
    const auto child = [&]() -> task<int> { co_return co_await operation; };
    bool resumed = false;
    const auto parent = [&]() -> task<int> {
        const int value = co_await launch(child(), theirs);
        resumed = true;
        CHECK(&detail::task_context::current()->home() == &mine);
        co_return value;
    };
    future<int> running = launch(parent(), mine);
    mine.run_all();
    theirs.run_all();
    operation.end_with(3);
    theirs.run_all();
    CHECK_FALSE(resumed);
    CHECK(theirs.running().first() == nullptr);
    mine.run_all();
    CHECK(resumed);
    CHECK(outcome_of(std::move(running)) == 3);
}

TEST_CASE("a waiter resumes on its own thread, whichever thread completes what it awaits") {
    manual_executor mine;
    std::atomic<manual_executor*> theirs = nullptr;
    std::atomic<bool> over = false;
    struct nudge final : detail::work {
        nudge() noexcept : work([](work&, detail::delivery) noexcept {}) {}
    } last;
    std::jthread other([&] {
        manual_executor executor;
        theirs = &executor;
        theirs.notify_all();
        executor.run_until([&over] { return over.load(); });
        executor.run_all();
    });
    theirs.wait(nullptr);

    std::thread::id child_thread;
    const auto child = [&]() -> task<int> {
        child_thread = std::this_thread::get_id();
        co_return 6;
    };
    std::thread::id parent_thread;
    const auto parent = [&]() -> task<int> {
        const int value = co_await launch(child(), *theirs.load());
        parent_thread = std::this_thread::get_id();
        co_return value;
    };
    future<int> running = launch(parent(), mine);
    mine.run_until([&] { return running.done(); });
    CHECK(outcome_of(std::move(running)) == 6);
    CHECK(child_thread == other.get_id());
    CHECK(parent_thread == std::this_thread::get_id());
    over = true;
    theirs.load()->post(last);
}

TEST_CASE("a task whose home has stopped is left alone by what it waits for") {
    // Neither is ever destroyed, as the coroutine is not.
    static auto& home = *new manual_executor;
    manual_executor other;
    bool resumed = false;
    manual_operation<> operation;
    const auto child = [&]() -> task<> { co_await operation; };
    const auto parent = [&]() -> task<> {
        co_await launch(child(), other);
        resumed = true;
    };
    static const auto& kept =
        *new auto(detail::root<void>::launch(parent(), home, {}, std::source_location::current()));
    home.run_all();
    other.run_all();
    home.close();
    operation.end_with();
    other.run_all();
    CHECK_FALSE(resumed);
    CHECK_FALSE(kept->done());
}

/// A state that is completed by hand.
struct bare_state final : detail::future_state<int> {
    void cancel() noexcept override { ++cancellations; }
    void abandon() noexcept override { cancel(); }
    void identify(detail::reported_operation&) const override {}
    void end() noexcept { complete(); }
    int cancellations = 0;
};

struct waiter final : detail::work {
    waiter() noexcept : work(&count) {}
    static void count(work& self, detail::delivery) noexcept { ++static_cast<waiter&>(self).calls; }
    int calls = 0;
};

TEST_CASE("a state tells its waiter of the end, or says that there is nothing to wait for") {
    manual_executor home;
    const auto state = detail::make_ref<bare_state>();
    waiter told;
    SUBCASE("the waiter comes first") {
        CHECK(state->notify(told, home));
        CHECK(home.run_all() == 0);
        state->end();
        CHECK(home.run_all() == 1);
        CHECK(told.calls == 1);
    }
    SUBCASE("the end comes first") {
        state->end();
        CHECK_FALSE(state->notify(told, home));
        CHECK(home.run_all() == 0);
    }
    CHECK(state->done());
}

TEST_CASE("a waiter and an end that meet: exactly one of both tells the waiter") {
    constexpr int rounds = 20'000;
    manual_executor home;
    std::barrier<> together(2);
    detail::ref<bare_state> state;
    std::jthread ender([&] {
        for (int round = 0; round < rounds; ++round) {
            together.arrive_and_wait();
            state->outcome.set_value(round);
            state->end();
            together.arrive_and_wait();
        }
    });
    bool values_seen = true;
    int told_at_once = 0;
    int told_later = 0;
    for (int round = 0; round < rounds; ++round) {
        state = detail::make_ref<bare_state>();
        waiter told;
        together.arrive_and_wait();
        if (state->notify(told, home)) {
            home.run_until([&told] { return told.calls == 1; });
            ++told_later;
        } else {
            ++told_at_once;
        }
        values_seen = values_seen && state->done() && state->outcome.take() == round;
        together.arrive_and_wait();
        CHECK_MESSAGE(home.run_all() == 0, "told twice");
    }
    CHECK(values_seen);
    CHECK(told_at_once + told_later == rounds);
}

}  // namespace
}  // namespace pyasync
