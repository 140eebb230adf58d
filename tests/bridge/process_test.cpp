// tests/bridge/process_test.cpp: processes and signals of C++ beside those of Python.
// SPDX-License-Identifier: MIT
#include <unistd.h>
#include <csignal>

#include <string>
#include <utility>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::misuse;
using pyasync::task;
namespace uv = pyasync::uv;

namespace {

task<int> communicate(int number) {
    int right = 0;
    for (int i = 0; i < number; ++i) {
        auto cat = co_await uv::command("cat").run(std::to_string(i));
        right += cat.status.success() && cat.out == std::to_string(i) ? 1 : 0;
    }
    co_return right;
}

task<int> take_one(uv::signals& from) { co_return co_await from.next(); }

}  // namespace

PYASYNC_TEST_CASE("both sides start processes at the same time, and each learns of its own") {
    constexpr int many = 40;
    auto [ours, more, theirs, killed] = co_await pyasync::when_all(communicate(many), communicate(many),
                                                                   call<int>("process_examples:communicate", many),
                                                                   call<int>("process_examples:killed"));
    CHECK(ours == many);
    CHECK(more == many);
    CHECK(theirs == many);
    CHECK(killed == -SIGTERM);
}

PYASYNC_TEST_CASE("a SIGCHLD handler of Python's stays, and disturbs no process of C++'s") {
    co_await call<void>("process_examples:handle", SIGCHLD);
    CHECK((co_await uv::command("true").run()).status.success());
    CHECK(co_await call<bool>("process_examples:has_handler", SIGCHLD));
    // The handler runs when Python has its next turn.
    while (co_await call<int>("process_examples:times_handled") == 0) {
    }
    co_await call<void>("process_examples:do_not_handle", SIGCHLD);
}

PYASYNC_TEST_CASE("a process of C++'s can be interrupted, although Python ignores and handles signals") {
    auto cat = co_await uv::command("cat").stdin(uv::stdio::piped()).stdout(uv::stdio::null()).start();
    cat.kill(SIGPIPE);
    CHECK(co_await cat.wait() == uv::exit_status{.signal = SIGPIPE});
}

PYASYNC_TEST_CASE("a signal that Python handles stays Python's") {
    co_await call<void>("process_examples:handle", SIGUSR2);
    CHECK_THROWS_AS(co_await uv::signals::watch(SIGUSR2), misuse);
    ::kill(::getpid(), SIGUSR2);
    while (co_await call<int>("process_examples:times_handled") == 0) {
    }
    co_await call<void>("process_examples:do_not_handle", SIGUSR2);
    // Those that cancel the program.
    CHECK_THROWS_AS(co_await uv::signals::watch(SIGINT), misuse);
    CHECK_THROWS_AS(co_await uv::signals::watch(SIGTERM), misuse);
}

PYASYNC_TEST_CASE("a signal comes to C++ while asyncio sleeps on the main thread, and while it works") {
    uv::signals asked = co_await uv::signals::watch(SIGUSR2);
    for (int i = 0; i < 3; ++i) {
        pyasync::future<int> waiting = pyasync::spawn(take_one(asked));
        if (i == 1) co_await call("asyncio:sleep", 0.01);
        ::kill(::getpid(), SIGUSR2);
        CHECK(co_await std::move(waiting) == SIGUSR2);
    }
    asked.close();
    CHECK_FALSE(co_await call<bool>("process_examples:has_handler", SIGUSR2));
}
