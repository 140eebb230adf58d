// tests/testing/testing_test.cpp: what a test case can do; see misbehaving.cpp for what it must not.
// SPDX-License-Identifier: MIT
#include <pyasync/testing.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include <pyasync/pyasync.hpp>

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

PYASYNC_TEST_MAIN({.loop_threads = 2})

namespace {

const std::thread::id main_thread = std::this_thread::get_id();
constexpr int assertions = 500;

task<int> answer() {
    co_await pyasync::uv::sleep(1ms);
    co_return 42;
}

task<> fail() {
    co_await call("asyncio:sleep", 0);
    throw std::out_of_range("too far");
}

}  // namespace

PYASYNC_TEST_CASE("a case is a task of a loop thread, and asyncio has the main thread") {
    CHECK(pyasync::uv::loop::current() != nullptr);
    CHECK(std::this_thread::get_id() != main_thread);
    CHECK(co_await on_asyncio([](py::python) { return std::this_thread::get_id(); }) == main_thread);
}

PYASYNC_TEST_CASE("assertions stand around, before and behind any co_await") {
    const auto home = std::this_thread::get_id();
    CHECK(co_await answer() == 42);
    CHECK_EQ(co_await call<int>("builtins:len", std::string("four")), 4);
    REQUIRE(co_await answer() > 0);
    CHECK_THROWS_WITH_AS(co_await fail(), "too far", std::out_of_range);
    CHECK_NOTHROW(co_await answer());
    CHECK_MESSAGE(std::this_thread::get_id() == home, "a case stays on its loop");
    INFO("told of where something fails");
    CAPTURE(home == main_thread);
    co_await pyasync::uv::sleep(0ms);
    CHECK(std::this_thread::get_id() == home);
}

PYASYNC_TEST_CASE("assertions work on every thread, many at a time") {
    constexpr int threads = 8;
    std::vector<pyasync::future<void>> running;
    for (int i = 0; i < threads; ++i) {
        running.push_back(pyasync::spawn_blocking([] {
            for (int n = 0; n < assertions; ++n) CHECK(n >= 0);
        }));
        running.push_back(spawn([]() -> task<> {
            for (int n = 0; n < assertions; ++n) CHECK(n < assertions);
            CHECK(co_await answer() == 42);
        }()));
    }
    co_await on_asyncio([](py::python) { CHECK(std::this_thread::get_id() == main_thread); });
    co_await pyasync::when_all(std::move(running));
}

PYASYNC_TEST_CASE("each way through the subcases is a run of its own, on a loop of its own") {
    static int runs = 0;
    static std::set<std::string> ways;
    ++runs;
    co_await answer();
    std::string way = "none";
    SUBCASE("first") {
        co_await call("asyncio:sleep", 0.001);
        way = "first";
        SUBCASE("inner") { way = "first/inner"; }
        SUBCASE("other") { way = "first/other"; }
    }
    SUBCASE("second") { way = "second"; }
    CHECK(ways.insert(way).second);
    CHECK(ways.size() == static_cast<std::size_t>(runs));
    if (way == "second") CHECK(ways == std::set<std::string>{"first/inner", "first/other", "second"});
}

PYASYNC_TEST_CASE_LOOP("a case may be given its event loop", event_loop) {
    CHECK(co_await on_asyncio([&](py::python p) { return pyasync::get_running_loop(p).is(event_loop.bind(p)); }));
    const auto stays = co_await on_asyncio(
        [&](py::python p) { return static_cast<bool>(event_loop.bind(p).call_method("is_running")); });
    CHECK(stays);
}

PYASYNC_TEST_CASE_BLOCKING("a blocking case is off the loops, and may wait for tasks and for Python") {
    CHECK(pyasync::uv::loop::current() == nullptr);
    CHECK(std::this_thread::get_id() != main_thread);
    std::promise<int> promise;
    auto filling = spawn([](std::promise<int>& to) -> task<> {
        co_await call("asyncio:sleep", 0.001);
        to.set_value(co_await answer());
    }(promise));
    CHECK(promise.get_future().get() == 42);
    while (!filling.done()) std::this_thread::yield();
    const bool runs = pyasync::with_gil(
        [](py::python p) { return static_cast<bool>(pyasync::get_current_loop(p).call_method("is_running")); });
    CHECK(runs);
}

PYASYNC_TEST_CASE_BLOCKING("subcases of a blocking case") {
    static int runs = 0;
    ++runs;
    SUBCASE("one") { CHECK(runs == 1); }
    SUBCASE("two") { CHECK(runs == 2); }
}

TEST_CASE("a plain case is beside the loops, on the main thread, and may run some") {
    CHECK(std::this_thread::get_id() == main_thread);
    CHECK(pyasync::with_gil([](py::python p) { return pyasync::run(p, answer(), {.loop_threads = 2}); }) == 42);
}

PYASYNC_TEST_CASE("what has been asked to end may take its time for that") {
    // The case ends while these clean up: a task whose future is dropped, and a coroutine of Python's.
    auto dropped = spawn([]() -> task<> {
        co_await pyasync::finally(pyasync::uv::sleep(1h), [] { return call("asyncio:sleep", 0.01); });
    }());
    auto cancelled = spawn(call("asyncio:sleep", 3600));
    co_await call("asyncio:sleep", 0.001);
    cancelled.cancel();
    std::move(cancelled).detach();
}

PYASYNC_TEST_CASE("what is at its last step has ended") {
    auto done = std::make_shared<pyasync::promise<void>>();
    auto come = done->get_future();
    spawn([](std::shared_ptr<pyasync::promise<void>> end) -> task<> {
        co_await call("asyncio:sleep", 0.001);
        end->set_value();
    }(std::move(done)))
        .detach();
    co_await std::move(come);
}

PYASYNC_TEST_CASE("an exception that is taken is retrieved") {
    auto failing = spawn(fail());
    CHECK_THROWS_AS(co_await std::move(failing), std::out_of_range);
    auto call_failing = spawn(call("builtins:int", std::string("x")));
    CHECK_THROWS_AS(co_await std::move(call_failing), py::python_error);
}

TEST_SUITE("decorated") {
    PYASYNC_TEST_CASE("a case may have to fail" * doctest::should_fail() * doctest::description("as any other")) {
        CHECK(co_await answer() == 0);
    }

    PYASYNC_TEST_CASE("a case may be allowed to fail" * doctest::may_fail()) { co_await fail(); }

    PYASYNC_TEST_CASE("a case may fail a number of times" * doctest::expected_failures(2)) {
        CHECK(co_await answer() == 0);
        CHECK(co_await answer() == 1);
    }

    PYASYNC_TEST_CASE("a case may be left out" * doctest::skip()) { REQUIRE(co_await answer() == 0); }

    PYASYNC_TEST_CASE("a case may have a limit of its own" * doctest::timeout(600)) { CHECK(co_await answer() == 42); }

    PYASYNC_TEST_CASE_LOOP("a case with a loop may be decorated" * doctest::should_fail(), loop) {
        CHECK(loop.empty());
        co_return;
    }

    PYASYNC_TEST_CASE_BLOCKING("a blocking case may be decorated" * doctest::should_fail()) { REQUIRE(false); }
}

PYASYNC_TEST_CASE("a name may have commas, [brackets]; \"quotes\", \\ and * in it") { CHECK(co_await answer() == 42); }
