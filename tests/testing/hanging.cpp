// tests/testing/hanging.cpp: cases that do not end; see misbehaving_test.py.
// SPDX-License-Identifier: MIT
#include <pyasync/testing.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

#include <pyasync/pyasync.hpp>

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

constexpr double soon = 0.3;  ///< the cases' limit, in seconds

/// Blocks its thread for good.
void block() {
    for (;;) std::this_thread::sleep_for(1h);
}

task<> sleep_inside() { co_await pyasync::uv::sleep(1h); }

}  // namespace

PYASYNC_TEST_CASE("C++ hangs" * doctest::timeout(soon)) { co_await sleep_inside(); }

PYASYNC_TEST_CASE("Python hangs" * doctest::timeout(soon)) { co_await call("misbehaving_cases:wait_inside"); }

PYASYNC_TEST_CASE("each hangs in the other" * doctest::timeout(soon)) {
    co_await call("misbehaving_cases:await_it", sleep_inside());
}

PYASYNC_TEST_CASE("one of its tasks hangs at the end" * doctest::timeout(soon)) {
    // Asked to end, it does not.
    auto stubborn = pyasync::spawn(call("misbehaving_cases:wait_stubbornly"));
    co_await call("misbehaving_cases:until_stubborn");
    stubborn.cancel();
    std::move(stubborn).detach();
}

PYASYNC_TEST_CASE("hangs without a limit of its own") { co_await sleep_inside(); }

PYASYNC_TEST_CASE("hangs in its second subcase") {
    SUBCASE("does not") { co_await call("builtins:print", "first subcase"); }
    SUBCASE("hangs") { co_await sleep_inside(); }
}

PYASYNC_TEST_CASE("does not unwind" * doctest::timeout(soon)) {
    for (;;) {
        try {
            co_await pyasync::uv::sleep(1h);
        } catch (const pyasync::cancelled&) {
        }
    }
}

PYASYNC_TEST_CASE_BLOCKING("a function does not return" * doctest::timeout(soon)) { block(); }

PYASYNC_TEST_CASE("Python blocks the main thread" * doctest::timeout(soon)) {
    co_await call("misbehaving_cases:block", 3600);
}

PYASYNC_TEST_CASE("C++ blocks the main thread" * doctest::timeout(soon)) {
    co_await on_asyncio([](py::python) { block(); });
}

PYASYNC_TEST_CASE("C++ blocks a loop thread" * doctest::timeout(soon)) {
    block();
    co_return;
}

PYASYNC_TEST_CASE("may block a loop thread" * doctest::timeout(soon) * doctest::may_fail()) {
    block();
    co_return;
}

PYASYNC_TEST_CASE("waits for a signal") {
    co_await call("builtins:print", "ready");
    try {
        co_await sleep_inside();
    } catch (const pyasync::cancelled&) {
        std::puts("unwound");
        throw;
    }
}

PYASYNC_TEST_CASE("zz behind the others") { co_await call("builtins:print", "behind the others"); }
