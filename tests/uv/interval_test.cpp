// tests/uv/interval_test.cpp: ticks in their rhythm, and what becomes of those that were missed.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/interval.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

#include <pyasync/uv/sleep.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using detail::clock;
using test::launch;
using test::run_on;
using test::wait_for;

TEST_CASE("the first tick comes at once, the others each a period after the one before, on the task's loop") {
    loop home;
    const auto body = [&]() -> task<> {
        const auto begin = clock::now();
        interval ticking(2ms);
        std::uint64_t ticks = 0;
        while (ticks < 5) ticks += co_await ticking.tick();
        CHECK(clock::now() - begin >= static_cast<int>(ticks - 1) * 2ms);
        CHECK(home.is_current());
    };
    wait_for(launch(body(), home));
}

TEST_CASE("the first tick can be at a time of one's own") {
    loop home;
    const auto body = []() -> task<bool> {
        const auto first = clock::now() + 3ms;
        interval ticking(1h, first);
        co_await ticking.tick();
        co_return clock::now() >= first;
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("missed ticks are skipped, and counted") {
    loop home;
    const auto body = []() -> task<> {
        interval slow(1h, clock::now() - 3h - 30min);
        CHECK(co_await slow.tick() == 4);

        const auto first = clock::now() - 5ms;
        interval fast(2ms, first);
        std::uint64_t ticks = co_await fast.tick();
        CHECK(ticks >= 3);
        ticks += co_await fast.tick();
        CHECK(clock::now() - first >= static_cast<int>(ticks - 1) * 2ms);  // the rhythm is kept
    };
    wait_for(launch(body(), home));
}

TEST_CASE("missed ticks are made up for in a burst, and other work has its turn between them") {
    loop home;
    int others = 0;
    bool over = false;
    const auto body = [&]() -> task<> {
        interval ticking(1h, clock::now() - 3h, missed_ticks::burst);
        for (int i = 0; i < 4; ++i) CHECK(co_await ticking.tick() == 1);
        over = true;
    };
    const auto other = [&]() -> task<> {
        for (; !over; ++others) co_await sleep(0s);
    };
    std::vector<future<>> running;
    run_on(home, [&] {
        running.push_back(launch(body(), home));
        running.push_back(launch(other(), home));
    });
    for (future<>& each : running) wait_for(std::move(each));
    CHECK(others >= 3);
}

TEST_CASE("where ticks are delayed, a late one starts the rhythm anew") {
    loop home;
    const auto body = []() -> task<bool> {
        interval ticking(5ms, clock::now() - 1h, missed_ticks::delay);
        const auto first = clock::now();
        CHECK(co_await ticking.tick() == 1);
        co_await ticking.tick();
        co_return clock::now() - first >= 5ms;
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("a restart puts the next tick off by a period") {
    loop home;
    const auto body = []() -> task<bool> {
        interval ticking(3ms);
        const auto begin = clock::now();
        ticking.restart();
        co_await ticking.tick();
        co_return clock::now() - begin >= 3ms;
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("a tick that is cancelled ends at once, and is not lost") {
    loop home;
    const auto body = [&]() -> task<std::uint64_t> {
        interval waiting(1h, clock::now() + 1h);
        try {
            co_await waiting.tick();
        } catch (const cancelled&) {
        }
        interval due(1h);
        pyasync::detail::task_context::current()->cancel();
        CHECK_THROWS_AS(co_await due.tick(), cancelled);
        co_return co_await due.tick();
    };
    future<std::uint64_t> running = launch(body(), home);
    run_on(home, [] {});  // it waits
    running.cancel();
    CHECK(wait_for(std::move(running)) == 1);
}

TEST_CASE("a period of nothing is refused") {
    CHECK_THROWS_AS(interval(0s), std::invalid_argument);
    CHECK_THROWS_AS(interval(-1ms), std::invalid_argument);
    CHECK_THROWS_AS(interval(std::chrono::duration<double>(0.0)), std::invalid_argument);
    CHECK(interval(std::chrono::duration<double>(0.25)).period() == 250ms);
}

}  // namespace
}  // namespace pyasync::uv
