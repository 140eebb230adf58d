// tests/uv/loop_pool_test.cpp: the process's loops: starting, spreading, stopping. Each case has a process of its own.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/loop_pool.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <set>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/spawn_blocking.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::launch;
using test::run_on;
using test::wait_for;

constexpr auto long_enough = 60s;

loop_pool& pool() { return loop_pool::instance(); }

std::vector<unsigned> lines_of(const std::vector<std::source_location>& places) {
    std::vector<unsigned> lines;
    for (const std::source_location& where : places) lines.push_back(where.line());
    std::ranges::sort(lines);
    return lines;
}

constexpr unsigned this_line(const std::source_location& where = std::source_location::current()) {
    return where.line();
}

task<> hour_of_sleep() { co_await sleep(1h); }

/// Waits until everything that has been posted to the loops so far has run.
void settle() {
    for (loop* each : pool().running()) run_on(*each, [] {});
}

TEST_CASE("the pool has no loops before its first use, and one by default") {
    CHECK(pool().running().empty());
    CHECK(pool().in_flight().empty());
    loop& only = pool().next();
    CHECK(pool().running() == std::vector<loop*>{&only});
    CHECK(&pool().next() == &only);
}

TEST_CASE("a number of loops out of range is refused with the number") {
    CHECK_THROWS_WITH_AS(pool().configure(0), "pyasync: loop_threads must be 1 to 1024, not 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(pool().configure(1025), "pyasync: loop_threads must be 1 to 1024, not 1025",
                         std::invalid_argument);
    CHECK_NOTHROW(pool().configure(1024));
    CHECK_NOTHROW(pool().configure(1));
    CHECK(pool().running().empty());
}

TEST_CASE("the loops take turns") {
    pool().configure(3);
    std::vector<loop*> first;
    for (int i = 0; i < 3; ++i) first.push_back(&pool().next());
    CHECK(std::set<loop*>(first.begin(), first.end()).size() == 3);
    for (int i = 0; i < 6; ++i) CHECK(&pool().next() == first[static_cast<std::size_t>(i % 3)]);
    std::vector<loop*> running = pool().running();
    std::ranges::sort(running);
    std::ranges::sort(first);
    CHECK(running == first);
}

TEST_CASE("the number of loops cannot be changed while they run") {
    pool().configure(2);
    static_cast<void>(pool().next());
    CHECK_NOTHROW(pool().configure(2));
    CHECK_THROWS_WITH_AS(pool().configure(3),
                         "pyasync: 2 loop threads run already; set loop_threads before the first task starts",
                         std::logic_error);
    CHECK_THROWS_AS(pool().configure(0), std::invalid_argument);
    CHECK(pool().running().size() == 2);
}

TEST_CASE("the loops can be had by name, which starts them, until they have stopped") {
    pool().configure(3);
    const auto all = loops();
    REQUIRE(all.size() == 3);
    CHECK(pool().running() == std::vector<loop*>{&all[0].get(), &all[1].get(), &all[2].get()});
    CHECK(loops().data() == all.data());
    for (loop& each : loops()) {
        CHECK(&pool().chosen(each) == &each);
        run_on(each, [&] { CHECK(each.is_current()); });
    }
    CHECK(pool().stop(long_enough).empty());
    CHECK_THROWS_AS(static_cast<void>(loops()), misuse);
    CHECK_THROWS_AS(static_cast<void>(pool().chosen(all[0])), misuse);
}

TEST_CASE("what unwinds at the end may start something on a loop of its choice, which is waited for") {
    pool().configure(2);
    loop& first = loops()[0];
    loop& second = loops()[1];
    bool ended = false;
    const auto late = [&ended]() -> task<> {
        try {
            co_await sleep(0s);
        } catch (const cancelled&) {  // it may be told to end as well
        }
        ended = true;
    };
    const auto starter = [&]() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        launch(late(), pool().chosen(second)).detach();
    };
    future<> running = launch(starter(), first);
    settle();
    CHECK(pool().stop(long_enough).empty());
    CHECK(ended);
    CHECK(running.done());
}

TEST_CASE("many threads that use the pool first start it once") {
    constexpr int threads = 8;
    pool().configure(2);
    std::latch together(threads);
    std::vector<loop*> got(threads);
    {
        std::vector<std::jthread> running;
        for (loop*& each : got) {
            running.emplace_back([&together, &each] {
                together.arrive_and_wait();
                each = &pool().next();
            });
        }
    }
    CHECK(pool().running().size() == 2);
    for (loop* const first : pool().running()) CHECK(std::ranges::count(got, first) == threads / 2);
}

TEST_CASE("what is in flight is told with the places where it was started") {
    pool().configure(2);
    std::latch begun(1), leave(1);
    const unsigned first = this_line() + 1;
    future<> task_on_one = launch(hour_of_sleep(), pool().next());
    const unsigned second = this_line() + 1;
    future<> task_on_other = launch(hour_of_sleep(), pool().next());
    const auto block = [&] {
        begun.count_down();
        leave.wait();
    };
    const unsigned third = this_line() + 1;
    future<> job = spawn_blocking(block, pool().next(), {}, std::source_location::current());
    begun.wait();
    settle();
    CHECK(lines_of(pool().in_flight()) == std::vector{first, second, third});
    leave.count_down();
    wait_for(std::move(job));
    settle();
    CHECK(lines_of(pool().in_flight()) == std::vector{first, second});
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a loop that does not answer is a place that is not known") {
    pool().configure(2);
    std::latch busy(1), leave(1);
    test::posted_function blocking([&](pyasync::detail::delivery) {
        busy.count_down();
        leave.wait();
    });
    pool().next().post(blocking);
    const unsigned line = this_line() + 1;
    future<> running = launch(hour_of_sleep(), pool().next());
    busy.wait();
    CHECK(lines_of(pool().in_flight()) == std::vector{0U, line});
    leave.count_down();
    settle();
    CHECK(lines_of(pool().in_flight()) == std::vector{line});
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("stopping a pool that has not started does nothing") {
    CHECK(pool().stop(0ms).empty());
    static_cast<void>(pool().next());
    CHECK(pool().running().size() == 1);
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("stopping cancels what runs, on all loops, and waits until it has unwound") {
    pool().configure(2);
    std::atomic<int> unwound = 0;
    const auto body = [&unwound]() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
            ++unwound;
            throw;
        }
    };
    const auto slow_to_end = [&unwound]() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        for (int i = 0; i < 3; ++i) co_await sleep(1ms);
        ++unwound;
    };
    std::vector<future<>> running;
    for (int i = 0; i < 4; ++i) running.push_back(launch(body(), pool().next()));
    for (int i = 0; i < 2; ++i) running.push_back(launch(slow_to_end(), pool().next()));
    CHECK(pool().stop(long_enough).empty());
    CHECK(unwound == 6);
    for (int i = 0; i < 4; ++i) CHECK_THROWS_AS(wait_for(std::move(running[static_cast<std::size_t>(i)])), cancelled);
    for (int i = 4; i < 6; ++i) CHECK_NOTHROW(wait_for(std::move(running[static_cast<std::size_t>(i)])));
    CHECK(pool().running().empty());
    CHECK(pool().in_flight().empty());
}

TEST_CASE("stopping ends a task that spawns and awaits another while it unwinds") {
    pool().configure(2);
    bool cleaned_up = false;
    const auto cleanup = [&cleaned_up]() -> task<> {
        co_await sleep(1ms);
        cleaned_up = true;
    };
    const auto body = [&]() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        for (int i = 0; i < 2; ++i) {
            future<> child = launch(cleanup(), pool().next());
            co_await std::move(child);
        }
    };
    std::vector<future<>> running;
    for (int i = 0; i < 2; ++i) running.push_back(launch(body(), pool().next()));
    CHECK(pool().stop(long_enough).empty());
    CHECK(cleaned_up);
    for (future<>& each : running) CHECK(each.done());
}

/// Sleeps until it is cancelled, then starts one of its kind on the next loop, `more` times in a row.
task<> chain(int more, std::atomic<int>& ended) {
    try {
        co_await sleep(1h);
    } catch (const cancelled&) {
    }
    if (more > 0) launch(chain(more - 1, ended), pool().next()).detach();
    ++ended;
}

TEST_CASE("stopping waits for detached tasks that others spawn while they unwind") {
    std::atomic<int> ended = 0;
    launch(chain(9, ended), pool().next()).detach();
    CHECK(pool().stop(long_enough).empty());
    CHECK(ended == 10);
}

TEST_CASE("stopping waits for detached tasks on loops that had nothing to do any more") {
    pool().configure(3);
    std::atomic<int> ended = 0;
    launch(chain(9, ended), pool().next()).detach();
    CHECK(pool().stop(long_enough).empty());
    CHECK(ended == 10);
}

TEST_CASE("stopping waits for what is started late on a loop that was found empty before") {
    pool().configure(2);
    loop& first = pool().next();
    loop& second = pool().next();
    std::atomic<int> ended = 0;
    // The second loop's task has been given the first one as the home of what it starts, and is slow to start it.
    std::latch busy(1), go_on(1);
    const auto slow_starter = [&]() -> task<> {
        busy.count_down();
        go_on.wait();
        launch(chain(0, ended), first).detach();
        co_return;
    };
    launch(slow_starter(), second).detach();
    busy.wait();
    // By its end the first loop tells that it is being stopped.
    std::latch stopping(1);
    const auto watcher = [&]() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        stopping.count_down();
    };
    launch(watcher(), first).detach();
    run_on(first, [] {});
    std::jthread helper([&] {
        stopping.wait();
        run_on(first, [] {});  // it has been found empty
        go_on.count_down();
    });
    CHECK(pool().stop(long_enough).empty());
    CHECK(ended == 1);
}

TEST_CASE("stopping tells what had not ended within the limit, and may be tried again") {
    const auto stubborn = []() -> task<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        co_await sleep(1h);
    };
    const unsigned line = this_line() + 1;
    future<> running = launch(stubborn(), pool().next());
    settle();
    CHECK(lines_of(pool().stop(1ms)) == std::vector{line});
    CHECK_FALSE(running.done());
    CHECK(pool().running().size() == 1);
    CHECK(lines_of(pool().stop(1ms)) == std::vector{line});  // nothing is cancelled twice
    running.cancel();
    CHECK(pool().stop(long_enough).empty());
    CHECK(running.done());
    CHECK(pool().running().empty());
}

TEST_CASE("stopping does not wait beyond its limit for a loop whose thread is stuck") {
    std::latch busy(1), leave(1);
    test::posted_function blocking([&](pyasync::detail::delivery) {
        busy.count_down();
        leave.wait();
    });
    pool().next().post(blocking);
    busy.wait();
    const std::vector<std::source_location> left = pool().stop(1ms);
    REQUIRE(left.size() == 1);
    CHECK(left[0].line() == 0);
    leave.count_down();
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a limit that has passed when nothing is left stops the loops all the same") {
    pool().configure(2);
    static_cast<void>(pool().next());
    REQUIRE(pool().stop(0ms).empty());
    CHECK(pool().running().empty());
    CHECK_THROWS_AS(static_cast<void>(pool().next()), std::runtime_error);
}

TEST_CASE("a stopped pool says so, and stays stopped") {
    constexpr const char* message =
        "pyasync: the libuv loops have stopped; start tasks before main returns or the interpreter is finalised";
    static_cast<void>(pool().next());
    CHECK(pool().stop(long_enough).empty());
    CHECK_THROWS_WITH_AS(static_cast<void>(pool().next()), message, std::runtime_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(pool().next()), message, std::runtime_error);
    CHECK(pool().running().empty());
    CHECK(pool().stop(long_enough).empty());
}

/// Runs `check` in a forked child; true where it returns true there.
template <typename Function>
bool holds_in_forked_child(Function check) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(check() ? 0 : 1);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("a forked child is told that the loops did not follow, and may end in peace") {
    loop& here = pool().next();
    CHECK(holds_in_forked_child([] {
        try {
            static_cast<void>(pool().next());
        } catch (const std::runtime_error& error) {
            return error.what() == std::string(
                                       "pyasync: the libuv loops did not follow into this forked child; use exec or "
                                       "multiprocessing's spawn");
        }
        return false;
    }));
    CHECK(holds_in_forked_child([] { return pool().stop(long_enough).empty(); }));
    CHECK(holds_in_forked_child([] { return pool().in_flight().empty(); }));
    CHECK(&pool().next() == &here);  // the parent goes on
    run_on(here, [] {});
    CHECK(pool().stop(long_enough).empty());
}

TEST_CASE("a child that is forked before the first use has loops of its own") {
    CHECK(holds_in_forked_child([] {
        bool ran = false;
        run_on(pool().next(), [&ran] { ran = true; });
        return ran && pool().stop(long_enough).empty();
    }));
    run_on(pool().next(), [] {});
    CHECK(pool().stop(long_enough).empty());
}

}  // namespace
}  // namespace pyasync::uv
