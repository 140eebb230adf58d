// tests/uv/sleep_test.cpp: waiting for time to pass: order, giving way, ending early, odd lengths.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/sleep.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using detail::clock;
using test::launch;
using test::run_on;
using test::wait_for;

TEST_CASE("a sleep is never shorter than asked for, and continues on its loop") {
    loop home;
    const auto body = [&](clock::duration length) -> task<bool> {
        const auto begin = clock::now();
        co_await sleep(length);
        co_return clock::now() - begin >= length&& home.is_current();
    };
    for (const clock::duration length : {clock::duration(1ns), clock::duration(700us), clock::duration(3ms)}) {
        CHECK(wait_for(launch(body(length), home)));
    }
}

TEST_CASE("many sleeps end in the order of their deadlines") {
    constexpr int sleepers = 200;
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::vector<int> lengths(sleepers);
    std::iota(lengths.begin(), lengths.end(), 1);
    std::ranges::shuffle(lengths, std::mt19937(seed));

    struct sleeper {
        clock::duration length;
        clock::time_point begun;
        int ended = -1;
    };
    std::vector<sleeper> all;
    for (const int length : lengths) all.push_back({.length = length * 200us, .begun = {}});
    loop home;
    int ended = 0;
    const auto body = [&ended](sleeper& self) -> task<> {
        self.begun = clock::now();
        co_await sleep(self.length);
        self.ended = ended++;
    };
    std::vector<future<>> running;
    run_on(home, [&] {
        for (sleeper& each : all) running.push_back(launch(body(each), home));
    });
    clock::time_point all_begun;
    run_on(home, [&] { all_begun = clock::now(); });
    for (future<>& each : running) wait_for(std::move(each));

    // A deadline was set after its sleeper had begun, and before the next one began.
    int certain = 0;
    bool in_order = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto latest = (i + 1 < all.size() ? all[i + 1].begun : all_begun) + all[i].length;
        for (const sleeper& other : all) {
            if (latest >= other.begun + other.length) continue;
            ++certain;
            in_order = in_order && all[i].ended < other.ended;
        }
    }
    CHECK(in_order);
    CHECK(certain > sleepers);
}

TEST_CASE("a sleep of no length gives way to the loop's other work, once") {
    loop home;
    std::string order;
    const auto body = [&order](char name, clock::duration length) -> task<> {
        for (int i = 0; i < 3; ++i) {
            order += name;
            co_await sleep(length);
        }
    };
    for (const clock::duration length : {clock::duration(0), clock::duration(-1s), clock::duration::min()}) {
        order.clear();
        std::vector<future<>> running;
        run_on(home, [&] {
            running.push_back(launch(body('a', length), home));
            running.push_back(launch(body('b', length), home));
        });
        for (future<>& each : running) wait_for(std::move(each));
        CHECK(order == "ababab");
    }
}

TEST_CASE("a sleep of an hour that is cancelled ends at once") {
    loop home;
    const auto body = []() -> task<> { co_await sleep(1h); };
    future<> running = launch(body(), home);
    run_on(home, [] {});  // it sleeps
    running.cancel();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
}

TEST_CASE("a cancelled sleep leaves the others asleep") {
    loop home;
    std::string order;
    const auto body = [&order](char name, clock::duration length) -> task<> {
        try {
            co_await sleep(length);
        } catch (const cancelled&) {
            order += '!';
        }
        order += name;
    };
    std::vector<future<>> running;
    run_on(home, [&] {  // at one go: the short one does not end before the cancellation
        running.push_back(launch(body('a', 1h), home));
        running.push_back(launch(body('b', 50ms), home));
        running.push_back(launch(body('c', 1h), home));
        running[2].cancel();
    });
    wait_for(std::move(running[2]));
    wait_for(std::move(running[1]));
    running[0].cancel();
    wait_for(std::move(running[0]));
    CHECK(order == "!cb!a");
}

/// Cancels the task that runs, as soon as that waits.
class cancelling_soon final : pyasync::detail::work {
public:
    cancelling_soon() noexcept : work(&run) { task_->home().post(*this); }

private:
    static void run(work& self, pyasync::detail::delivery) noexcept {
        static_cast<cancelling_soon&>(self).task_->cancel();
    }
    pyasync::detail::task_context* task_ = pyasync::detail::task_context::current();
};

TEST_CASE("a sleep of no length can be cancelled") {
    loop home;
    const auto body = []() -> task<> {
        cancelling_soon posted_before_the_end;
        co_await sleep(0s);
    };
    CHECK_THROWS_AS(wait_for(launch(body(), home)), cancelled);
}

TEST_CASE("a sleep that has been cancelled does not end the next one") {
    loop home;
    const auto body = []() -> task<bool> {
        cancelling_soon first;
        try {
            co_await sleep(1ms);
        } catch (const cancelled&) {
        }
        const auto begin = clock::now();
        co_await sleep(5ms);
        co_return clock::now() - begin >= 5ms;
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("a cancelled sleeper may sleep again") {
    loop home;
    const auto body = []() -> task<int> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        co_await sleep(1ms);
        co_await sleep(0s);
        co_return 3;
    };
    future<int> running = launch(body(), home);
    run_on(home, [] {});
    running.cancel();
    CHECK(wait_for(std::move(running)) == 3);
}

TEST_CASE("a cancellation before a sleep is thrown instead of it") {
    loop home;
    const auto body = [](clock::duration length) -> task<> {
        pyasync::detail::task_context::current()->cancel();
        co_await sleep(length);
    };
    CHECK_THROWS_AS(wait_for(launch(body(1h), home)), cancelled);
    CHECK_THROWS_AS(wait_for(launch(body(0s), home)), cancelled);
}

TEST_CASE("lengths are rounded up to the clock's, and what is not a length is none") {
    using seconds = std::chrono::duration<double>;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr auto none = clock::duration::zero();
    constexpr clock::duration longest = std::chrono::hours(24 * 365 * 100);

    CHECK(sleep(1500us).length == 1500us);
    CHECK(sleep(2min).length == 120s);
    CHECK(sleep(seconds(0.25)).length == 250ms);
    CHECK(sleep(std::chrono::duration<float>(0.5F)).length == 500ms);
    CHECK(sleep(std::chrono::duration<double, std::nano>(0.1)).length == 1ns);

    CHECK(sleep(-1ns).length == none);
    CHECK(sleep(std::chrono::hours::min()).length == none);
    CHECK(sleep(seconds(-0.0)).length == none);
    CHECK(sleep(seconds(-infinity)).length == none);
    CHECK(sleep(seconds(std::numeric_limits<double>::quiet_NaN())).length == none);

    CHECK(sleep(std::chrono::hours::max()).length == longest);
    CHECK(sleep(std::chrono::nanoseconds::max()).length == longest);
    CHECK(sleep(seconds(infinity)).length == longest);
    CHECK(sleep(seconds(1e300)).length == longest);
}

TEST_CASE("the longest sleep begins, and can be cancelled") {
    loop home;
    const auto body = []() -> task<> { co_await sleep(std::chrono::hours::max()); };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    running.cancel();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
}

TEST_CASE("a sleep until a time ends then, and not before") {
    loop home;
    const auto body = []() -> task<bool> {
        const auto end = clock::now() + 3ms;
        co_await sleep_until(end);
        co_return clock::now() >= end;
    };
    CHECK(wait_for(launch(body(), home)));
}

TEST_CASE("those that sleep until the same time continue in the order in which they began to") {
    loop home;
    constexpr int sleepers = 50;
    const auto end = clock::now() + 5ms;
    std::vector<int> order;
    const auto body = [&](int number) -> task<> {
        co_await sleep_until(end);
        order.push_back(number);
    };
    std::vector<future<>> running;
    for (int i = 0; i < sleepers; ++i) running.push_back(launch(body(i), home));
    for (future<>& each : running) wait_for(std::move(each));
    CHECK(order.size() == sleepers);
    CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("a sleep until a time that has passed gives way once") {
    loop home;
    std::string order;
    const auto body = [&order](char name) -> task<> {
        for (int i = 0; i < 2; ++i) {
            order += name;
            co_await sleep_until(clock::time_point());
        }
    };
    std::vector<future<>> running;
    run_on(home, [&] {
        running.push_back(launch(body('a'), home));
        running.push_back(launch(body('b'), home));
    });
    for (future<>& each : running) wait_for(std::move(each));
    CHECK(order == "abab");
}

TEST_CASE("a sleep until the end of time can be cancelled") {
    loop home;
    const auto body = []() -> task<> { co_await sleep_until(clock::time_point::max()); };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    running.cancel();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
}

/// A clock that is set back once, when it is asked for the third time.
struct wavering_clock {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<wavering_clock>;
    static constexpr bool is_steady = false;
    static time_point now() noexcept { return times[asked < times.size() - 1 ? asked++ : asked]; }

    inline static std::vector<time_point> times;
    inline static std::size_t asked = 0;
};

TEST_CASE("by another clock it is never before that one shows the time") {
    loop home;
    using point = wavering_clock::time_point;
    wavering_clock::times = {point(0ms), point(-2ms), point(-1ms), point(1ms)};
    const auto by_wavering = []() -> task<> { co_await sleep_until(point(1ms)); };
    wait_for(launch(by_wavering(), home));
    CHECK(wavering_clock::asked == 3);

    const auto by_wall_clock = []() -> task<bool> {
        const auto end = std::chrono::system_clock::now() + 2ms;
        co_await sleep_until(end);
        co_return std::chrono::system_clock::now() >= end;
    };
    CHECK(wait_for(launch(by_wall_clock(), home)));
}

}  // namespace
}  // namespace pyasync::uv
