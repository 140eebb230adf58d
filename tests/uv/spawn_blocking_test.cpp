// tests/uv/spawn_blocking_test.cpp: blocking functions on libuv's thread pool.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/spawn_blocking.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/uv/sleep.hpp>
#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/occupied_pool.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::blocking;
using test::census;
using test::counted;
using test::launch;
using test::occupied_pool;
using test::run_on;
using test::wait_for;

TEST_CASE("a blocking function gives its result, off the loop thread") {
    loop home;
    std::thread::id ran_on;
    bool on_a_loop = true;
    const auto function = [&] {
        ran_on = std::this_thread::get_id();
        on_a_loop = loop::current() != nullptr;
        return std::string("done");
    };
    CHECK(wait_for(blocking(function, home)) == "done");
    CHECK(ran_on != std::this_thread::get_id());
    CHECK_FALSE(on_a_loop);
}

TEST_CASE("a blocking function may return nothing, and what can only be moved") {
    loop home;
    bool ran = false;
    wait_for(blocking([&ran] { ran = true; }, home));
    CHECK(ran);
    CHECK(*wait_for(blocking([] { return std::make_unique<int>(5); }, home)) == 5);
    CHECK(*wait_for(blocking([owned = std::make_unique<int>(6)]() mutable { return std::move(owned); }, home)) == 6);
}

TEST_CASE("a blocking function's exception reaches who awaits it") {
    loop home;
    const auto function = []() -> int { throw std::out_of_range("too far"); };
    CHECK_THROWS_WITH_AS(wait_for(blocking(function, home)), "too far", std::out_of_range);
}

TEST_CASE("a task awaits a blocking function, and continues at home") {
    loop home;
    const auto body = [&home]() -> task<bool> {
        future<int> job = blocking([] { return 4; }, home);
        const int four = co_await std::move(job);
        co_return four == 4 && home.is_current();
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("the loop goes on while functions block") {
    loop home;
    const occupied_pool pool(home);
    const auto body = []() -> task<int> {
        co_await sleep(1ms);
        co_return 5;
    };
    CHECK(wait_for(launch(body(), home)) == 5);
}

TEST_CASE("a function that has not begun does not begin when it is cancelled") {
    loop home;
    occupied_pool pool(home);
    std::atomic<bool> began = false;
    SUBCASE("by its future") {
        future<> queued = blocking([&began] { began = true; }, home);
        queued.cancel();
        CHECK_THROWS_AS(wait_for(std::move(queued)), cancelled);
    }
    SUBCASE("by the task that awaits it") {
        const auto body = [&]() -> task<> {
            future<> queued = blocking([&began] { began = true; }, home);
            co_await std::move(queued);
        };
        future<> running = launch(body(), home);
        run_on(home, [] {});
        running.cancel();
        CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    }
    SUBCASE("by the list of what runs") {
        future<> queued = blocking([&began] { began = true; }, home);
        run_on(home, [&home] {
            home.running().abandon_if(
                [&](const pyasync::detail::in_flight& each) { return &each == home.running().first(); });
        });
        CHECK_THROWS_AS(wait_for(std::move(queued)), cancelled);
    }
    SUBCASE("by destroying its future") {
        {
            const future<> dropped = blocking([&began] { began = true; }, home);
        }
        run_on(home, [] {});
    }
    pool.let_go();
    wait_for(blocking([] {}, home));  // whatever was queued before has had its turn
    CHECK_FALSE(began);
}

TEST_CASE("a function that runs is not disturbed by a cancellation") {
    loop home;
    std::latch begun(1), leave(1);
    future<int> running = blocking(
        [&] {
            begun.count_down();
            leave.wait();
            return 7;
        },
        home);
    begun.wait();
    running.cancel();
    running.cancel();
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    leave.count_down();
    CHECK(wait_for(std::move(running)) == 7);
}

TEST_CASE("a task that is cancelled while its function runs has the result, and hears of it at its next wait") {
    loop home;
    std::latch begun(1), leave(1);
    int seen = 0;
    const auto body = [&]() -> task<> {
        seen = co_await blocking(
            [&] {
                begun.count_down();
                leave.wait();
                return 7;
            },
            home);
        co_await sleep(1h);
    };
    future<> running = launch(body(), home);
    begun.wait();
    running.cancel();
    run_on(home, [] {});
    leave.count_down();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    CHECK(seen == 7);
}

TEST_CASE("a function that runs is waited for, also by a task that was cancelled before") {
    loop home;
    std::latch begun(1), leave(1);
    std::atomic<bool> left = false;
    const auto body = [&left](future<> runs) -> task<> {
        pyasync::detail::task_context::current()->cancel();
        try {
            co_await std::move(runs);
        } catch (const cancelled&) {
            CHECK(left);
            throw;
        }
    };
    future<> runs = blocking(
        [&] {
            begun.count_down();
            leave.wait();
            left = true;
        },
        home);
    begun.wait();
    future<> running = launch(body(std::move(runs)), home);
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    leave.count_down();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    CHECK(left);
}

TEST_CASE("a cancellation that overtakes the start is not lost") {
    loop home;
    occupied_pool pool(home);
    std::atomic<bool> began = false;
    std::latch at_it(1), spawned(1);
    std::unique_ptr<future<>> handed_over;
    test::posted_function cancelling([&](pyasync::detail::delivery) {
        at_it.count_down();
        spawned.wait();
        // On the loop thread, while the job's start is still in the inbox.
        handed_over->cancel();
    });
    home.post(cancelling);
    at_it.wait();
    handed_over = std::make_unique<future<>>(blocking([&began] { began = true; }, home));
    spawned.count_down();
    run_on(home, [] {});
    run_on(home, [] {});
    pool.let_go();
    CHECK_THROWS_AS(wait_for(std::move(*handed_over)), cancelled);
    CHECK_FALSE(began);
}

TEST_CASE("a blocking function is listed, with its place, until it has ended") {
    loop home;
    std::latch begun(1), leave(1);
    const unsigned line = std::source_location::current().line() + 1;
    future<> running = blocking(
        [&] {
            begun.count_down();
            leave.wait();
        },
        home);
    begun.wait();
    run_on(home, [&] {
        REQUIRE(home.running().first() != nullptr);
        CHECK(home.running().first()->where().line() == line);
    });
    leave.count_down();
    wait_for(std::move(running));
    run_on(home, [&] { CHECK(home.running().first() == nullptr); });
}

TEST_CASE("locals hear of a blocking function's start and end") {
    struct counting_locals final : pyasync::detail::task_locals_base {
        void root_started() noexcept override { ++started; }
        void root_finished() noexcept override { ++finished; }
        [[nodiscard]] pyasync::detail::locals_ref for_child() override { return {}; }
        std::atomic<int> started = 0;
        std::atomic<int> finished = 0;
    };
    const auto locals = pyasync::detail::make_ref<counting_locals>();
    loop home;
    future<> running = blocking([] {}, home, locals);
    CHECK(locals->started == 1);
    wait_for(std::move(running));
    run_on(home, [] {});
    CHECK(locals->finished == 1);
}

TEST_CASE("a function is destroyed once it has run and its future is gone") {
    const census all;
    loop home;
    CHECK(wait_for(blocking([value = counted(3)] { return value.number(); }, home)) == 3);
    run_on(home, [] {});
    CHECK(census::alive() == 0);
    CHECK(counted::copies == 0);
}

TEST_CASE("a loop that is destroyed waits for the functions that run in its name") {
    std::latch begun(1), leave(1);
    std::atomic<bool> ended = false;
    std::jthread helper;
    {
        loop home;
        blocking(
            [&] {
                begun.count_down();
                leave.wait();
                ended = true;
            },
            home)
            .detach();
        begun.wait();
        helper = std::jthread([&leave] { leave.count_down(); });
    }
    CHECK(ended);
}

}  // namespace
}  // namespace pyasync::uv
