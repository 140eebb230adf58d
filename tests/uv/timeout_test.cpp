// tests/uv/timeout_test.cpp: a time limit: who is first, and what is thrown then.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timeout.hpp>

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <pyasync/core/when_any.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/sleep.hpp>
#include "support/children.hpp"
#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using namespace std::chrono_literals;
using test::census;
using test::counted;
using test::launch;
using test::manual_operation;
using test::wait_and_clean_up;
using test::wait_for;
using uv::loop;
using uv::sleep;

static_assert(std::is_same_v<detail::awaited_type<decltype(timeout(1s, sleep(1s)))>, void>);

TEST_CASE("timed_out says what it is") { CHECK(std::string(timed_out().what()) == "the time is over"); }

TEST_CASE("what ends in time gives its value") {
    const census all;
    loop home;
    const auto child = []() -> task<counted> {
        co_await sleep(0ms);
        co_return counted(3);
    };
    const auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(4); };
    const auto body = [&]() -> task<int> {
        const counted three = co_await timeout(1h, child());
        const std::unique_ptr<int> four = co_await timeout(1h, owner());
        co_return three.number() + *four;
    };
    CHECK(wait_for(launch(body(), home)) == 7);
    CHECK(counted::copies == 0);
}

TEST_CASE("what ends at once gives its value, and needs no time for that") {
    loop home;
    const auto at_once = [](int n) -> task<int> { co_return n; };
    const auto body = [&]() -> task<int> {
        int sum = 0;
        using limits = std::numeric_limits<double>;
        for (const double seconds : std::array{0.0, -1.0, limits::quiet_NaN(), limits::infinity()}) {
            sum += co_await timeout(std::chrono::duration<double>(seconds), at_once(1));
        }
        co_return sum + co_await timeout(std::chrono::hours::max(), at_once(1));
    };
    CHECK(wait_for(launch(body(), home)) == 5);
}

TEST_CASE("where the time is over, the task is cancelled and waited for, then timed_out is thrown") {
    loop home;
    for (const auto length : {2ms, 0ms, -1ms}) {
        CAPTURE(length.count());
        bool unwound = false;
        bool in_time = false;
        const auto child = [&]() -> task<> {
            bool interrupted = false;
            try {
                co_await sleep(1h);
            } catch (const cancelled&) {
                interrupted = true;
            }
            co_await sleep(1ms);
            unwound = true;
            if (interrupted) throw cancelled();
        };
        const auto body = [&]() -> task<> {
            const auto begin = uv::detail::clock::now();
            try {
                co_await timeout(length, child());
            } catch (const timed_out&) {
                in_time = uv::detail::clock::now() - begin >= length;
                CHECK(unwound);
                throw;
            }
        };
        CHECK_THROWS_AS(wait_for(launch(body(), home)), timed_out);
        CHECK(in_time);
    }
}

TEST_CASE("a task that has its own answer to the end of the time gives that") {
    loop home;
    const auto swallowing = []() -> task<int> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        co_return 7;
    };
    const auto failing = []() -> task<int> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
            throw std::out_of_range("in cleaning up");
        }
        co_return 7;
    };
    const auto body = [](task<int> limited) -> task<int> { co_return co_await timeout(1ms, std::move(limited)); };
    CHECK(wait_for(launch(body(swallowing()), home)) == 7);
    CHECK_THROWS_WITH_AS(wait_for(launch(body(failing()), home)), "in cleaning up", std::out_of_range);
}

TEST_CASE("an exception, and a cancellation that is the task's own, come as they are") {
    loop home;
    const auto failing = []() -> task<> {
        throw std::out_of_range("too far");
        co_return;
    };
    const auto cancelling = []() -> task<> {
        throw cancelled();
        co_return;
    };
    const auto body = [](task<> limited) -> task<> { co_await timeout(1h, std::move(limited)); };
    CHECK_THROWS_WITH_AS(wait_for(launch(body(failing()), home)), "too far", std::out_of_range);
    CHECK_THROWS_AS(wait_for(launch(body(cancelling()), home)), cancelled);
}

TEST_CASE("a cancellation from outside is none of the time's") {
    loop home;
    manual_operation<> operation, cleanup;
    std::chrono::milliseconds length = 1h;
    const auto body = [&]() -> task<> { co_await timeout(length, wait_and_clean_up(operation, cleanup)); };
    const auto until = [](const manual_operation<>& reached) -> task<> {
        while (!reached.awaited()) co_await sleep(0ms);
    };
    const auto end_cleanup = [&]() -> task<> {
        co_await sleep(0ms);  // behind the cancellation, wherever that has come to
        CHECK(operation.cancellations() == 1);
        CHECK(cleanup.cancellations() == 0);
        cleanup.end_with();
    };
    SUBCASE("before that is over") {}
    SUBCASE("while the task unwinds, since that is over") { length = 0ms; }
    future<> running = launch(body(), home);
    wait_for(launch(until(length == 0ms ? cleanup : operation), home));
    running.cancel();
    wait_for(launch(until(cleanup), home));
    wait_for(launch(end_cleanup(), home));
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
}

TEST_CASE("a cancellation before the start starts nothing") {
    loop home;
    bool began = false;
    const auto child = [&]() -> task<> {
        began = true;
        co_return;
    };
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        co_await timeout(1h, child());
    };
    CHECK_THROWS_AS(wait_for(launch(body(), home)), cancelled);
    CHECK_FALSE(began);
}

TEST_CASE("of two limits the shorter one is the one that is over") {
    loop home;
    const auto inner_limit = []() -> task<int> {
        try {
            co_await timeout(1ms, sleep(1h));
        } catch (const timed_out&) {
            co_return 1;
        }
        co_return 0;
    };
    const auto inner = [&]() -> task<int> { co_return co_await timeout(1h, inner_limit()); };
    CHECK(wait_for(launch(inner(), home)) == 1);
    const auto outer = []() -> task<> { co_await timeout(1ms, timeout(1h, sleep(1h))); };
    CHECK_THROWS_AS(wait_for(launch(outer(), home)), timed_out);
}

TEST_CASE("limits stand within the other combinations") {
    loop home;
    const auto body = []() -> task<std::size_t> {
        auto first = co_await when_any(sleep(1h), timeout(1h, sleep(1ms)));
        co_return first.index();
    };
    CHECK(wait_for(launch(body(), home)) == 1);
}

TEST_CASE("very many limits that are never reached leave nothing behind") {
    loop home;
    const auto at_once = []() -> task<int> { co_return 1; };
    const auto body = [&]() -> task<int> {
        int sum = 0;
        for (int i = 0; i < 10'000; ++i) sum += co_await timeout(1h, at_once());
        co_return sum;
    };
    CHECK(wait_for(launch(body(), home)) == 10'000);
}

}  // namespace
}  // namespace pyasync
