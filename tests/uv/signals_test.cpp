// tests/uv/signals_test.cpp: signals as a stream, and who handles them before and afterwards.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/signals.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/uv/error.hpp>
#include "support/launch.hpp"

namespace pyasync::uv {
namespace {

using test::launch;
using test::wait_for;

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return wait_for(launch(body(), home));
}

using handler = void (*)(int);

handler handler_of(int number) {
    struct sigaction action{};
    ::sigaction(number, nullptr, &action);
    return action.sa_handler;
}

/// As somebody else's library would.
handler set_handler(int number, handler how) {
    const handler before = handler_of(number);
    struct sigaction action{};
    action.sa_handler = how;
    ::sigaction(number, &action, nullptr);
    return before;
}

std::atomic<int> times_handled{0};
void handle(int) { ++times_handled; }

void raise_here(int number) { ::kill(::getpid(), number); }

task<int> take_one(signals& from) { co_return co_await from.next(); }

TEST_CASE("each signal comes to who waits for it") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP, SIGUSR2, SIGHUP);
        for (const int number : {SIGHUP, SIGUSR2, SIGHUP}) {
            future<int> waiting = launch(take_one(asked), *loop::current());
            raise_here(number);
            CHECK(co_await std::move(waiting) == number);
        }
    });
    CHECK((handler_of(SIGHUP) == SIG_DFL));
    CHECK((handler_of(SIGUSR2) == SIG_DFL));
}

TEST_CASE("those that come between two waits are kept, each once") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP, SIGUSR2, SIGUSR1);
        for (const int number : {SIGUSR2, SIGHUP, SIGHUP, SIGUSR2}) raise_here(number);
        // The system delivers those that are sent together in an order of its own. The last one tells that all have come.
        signals mark = co_await signals::watch(SIGWINCH);
        raise_here(SIGWINCH);
        CHECK(co_await mark.next() == SIGWINCH);
        const int first = co_await asked.next();
        const int second = co_await asked.next();
        CHECK(std::min(first, second) == SIGHUP);
        CHECK(std::max(first, second) == SIGUSR2);
        raise_here(SIGUSR1);
        CHECK(co_await asked.next() == SIGUSR1);
    });
}

TEST_CASE("a wait is cancelled, and no signal is lost") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP);
        future<int> waiting = launch(take_one(asked), *loop::current());
        waiting.cancel();
        CHECK_THROWS_AS(co_await std::move(waiting), cancelled);
        raise_here(SIGHUP);
        CHECK(co_await asked.next() == SIGHUP);
    });
}

TEST_CASE("one task waits at a time") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP);
        std::array both{launch(take_one(asked), *loop::current()), launch(take_one(asked), *loop::current())};
        CHECK_THROWS_AS(co_await std::move(both[1]), misuse);
        raise_here(SIGHUP);
        CHECK(co_await std::move(both[0]) == SIGHUP);
    });
}

TEST_CASE("it is closed while a task waits") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP);
        const auto close = [](signals& closing) -> task<> {
            closing.close();
            co_return;
        };
        future<int> waiting = launch(take_one(asked), *loop::current());
        future<> closing = launch(close(asked), *loop::current());
        CHECK_THROWS_AS(co_await std::move(waiting), error);
        CHECK_THROWS_AS(co_await asked.next(), error);
        co_await std::move(closing);
        CHECK((handler_of(SIGHUP) == SIG_DFL));
    });
}

TEST_CASE("several streams, on several loops") {
    std::array<loop, 3> homes;
    std::vector<signals> all;
    for (loop& home : homes) all.push_back(wait_for(launch(signals::watch(SIGHUP), home)));
    raise_here(SIGHUP);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(wait_for(launch(take_one(all[i]), homes[i])) == SIGHUP);

    CHECK_THROWS_AS(wait_for(launch(take_one(all[0]), homes[1])), misuse);
    CHECK_THROWS_AS(all[0].close(), misuse);
    all.pop_back();
    CHECK((handler_of(SIGHUP) != SIG_DFL));
    raise_here(SIGHUP);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(wait_for(launch(take_one(all[i]), homes[i])) == SIGHUP);
}

TEST_CASE("a signal that has a handler is refused, and keeps it") {
    const handler before = set_handler(SIGHUP, &handle);
    on_a_loop([]() -> task<> {
        CHECK_THROWS_AS(co_await signals::watch(SIGHUP), misuse);
        CHECK_THROWS_AS(co_await signals::watch(SIGUSR2, SIGHUP), misuse);
        CHECK((handler_of(SIGUSR2) == SIG_DFL));
        times_handled = 0;
        raise_here(SIGHUP);
        while (times_handled == 0) {
        }
    });
    set_handler(SIGHUP, before);
}

TEST_CASE("one that was ignored is ignored again, one that has got a handler meanwhile keeps it") {
    const handler before = set_handler(SIGHUP, SIG_IGN);
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGHUP);
        raise_here(SIGHUP);
        CHECK(co_await asked.next() == SIGHUP);
        asked.close();
        CHECK((handler_of(SIGHUP) == SIG_IGN));

        signals again = co_await signals::watch(SIGHUP);
        set_handler(SIGHUP, &handle);
        again.close();
        CHECK((handler_of(SIGHUP) == &handle));
    });
    set_handler(SIGHUP, before);
}

TEST_CASE("what cannot be watched") {
    on_a_loop([]() -> task<> {
        CHECK_THROWS_WITH_AS(co_await signals::watch(SIGKILL), "watch signal 9: Invalid argument", error);
        CHECK_THROWS_AS(co_await signals::watch(0), error);
        CHECK_THROWS_AS(co_await signals::watch(12345), error);
        CHECK_THROWS_AS(co_await signals::watch(SIGSEGV), misuse);
        CHECK_THROWS_AS(co_await signals::watch({}), std::invalid_argument);
    });
}

TEST_CASE("a loop that stops gives its signals back") {
    const handler before = set_handler(SIGHUP, SIG_IGN);
    std::optional<signals> asked;
    {
        loop home;
        asked.emplace(wait_for(launch(signals::watch(SIGHUP), home)));
        home.stop();
        asked.reset();
    }
    CHECK((handler_of(SIGHUP) == SIG_IGN));
    set_handler(SIGHUP, before);
}

TEST_CASE("a forked child's signals are its own") {
    on_a_loop([]() -> task<> {
        signals asked = co_await signals::watch(SIGUSR2);
        const pid_t child = ::fork();
        if (child == 0) ::_exit(handler_of(SIGUSR2) == SIG_DFL ? 0 : 1);
        int status = -1;
        CHECK(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    });
}

}  // namespace
}  // namespace pyasync::uv
