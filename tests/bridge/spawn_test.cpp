// tests/bridge/spawn_test.cpp: tasks and blocking functions beside the running task, and their locals.
// SPDX-License-Identifier: MIT
#include <set>
#include <stdexcept>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::spawn_blocking;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

task<std::string> request_id() { co_return co_await call<std::string>("bridge_examples:get_request_id"); }

task<std::string> request_id_after(std::string value) {
    co_await call("bridge_examples:set_request_id", std::move(value));
    co_await pyasync::uv::sleep(0ms);
    co_return co_await request_id();
}

}  // namespace

PYASYNC_TEST_CASE("a context variable that one call sets is seen by the next, synchronous ones included") {
    CHECK(co_await request_id() == "none");
    CHECK(co_await request_id_after("a") == "a");
    co_await call("bridge_examples:set_request_id_later", "b");
    CHECK(co_await request_id() == "b");
    const std::string seen = co_await on_asyncio(
        [](auto p) { return p.import("bridge_examples").attr("get_request_id")().template to<std::string>(); });
    CHECK(seen == "b");
    const std::string here = pyasync::with_gil(
        [](auto p) { return p.import("bridge_examples").attr("get_request_id")().template to<std::string>(); });
    CHECK(here == "b");
}

PYASYNC_TEST_CASE("spawned tasks work on copies of the context") {
    co_await call("bridge_examples:set_request_id", "parent");
    auto inherits = spawn(request_id());
    auto one = spawn(request_id_after("one"));
    auto two = spawn(request_id_after("two"));
    CHECK(co_await std::move(inherits) == "parent");
    CHECK(co_await std::move(one) == "one");
    CHECK(co_await std::move(two) == "two");
    CHECK(co_await request_id() == "parent");
}

PYASYNC_TEST_CASE("a spawned call works on a copy of the context, and so does the C++ code that it calls") {
    co_await call("bridge_examples:set_request_id", "parent");
    const auto make = [](auto p) { return py::function(p, "request_id", &request_id).unbind(); };
    auto seen = spawn(call<std::string>("bridge_examples:with_request_id", "child", co_await on_asyncio(make)));
    auto sets = spawn(call("bridge_examples:set_request_id", "child"));
    CHECK(co_await std::move(seen) == "child");
    co_await std::move(sets);
    CHECK(co_await request_id() == "parent");
}

PYASYNC_TEST_CASE("a cancellation from another thread that overtakes a spawned call cancels it") {
    // What a step of a loop sends to another thread leaves with the end of the step, so the thread is first.
    auto call_in_flight = spawn(call("bridge_examples:wait_forever"));
    std::thread([&call_in_flight] { call_in_flight.cancel(); }).join();
    CHECK_THROWS_AS(co_await std::move(call_in_flight), pyasync::cancelled);
}

PYASYNC_TEST_CASE("scope runs a task with other locals") {
    const auto locals = co_await on_asyncio([](auto p) {
        const py::bound context = p.import("contextvars").attr("Context")();
        context.call_method("run", p.import("bridge_examples").attr("request_id").attr("set"), "scoped");
        return pyasync::get_current_locals(p).with_context(context);
    });
    CHECK(co_await pyasync::scope(locals, request_id()) == "scoped");
    CHECK(co_await request_id() == "none");
}

TEST_CASE("the functions of task_locals agree with asyncio") {
    on_loops([]() -> task<> {
        CHECK(co_await on_asyncio([](auto p) {
            const auto running = pyasync::task_locals::with_running_loop(p);
            const auto copied = running.copy_context(p);
            return running.event_loop(p).is(pyasync::get_running_loop(p)) &&
                   copied.event_loop(p).is(pyasync::get_current_loop(p)) && !copied.context(p).is(running.context(p));
        }));
    });
    pyasync::with_gil([](auto p) {
        for (const auto& ask : {+[](py::python q) { static_cast<void>(pyasync::get_running_loop(q)); },
                                +[](py::python q) { static_cast<void>(pyasync::get_current_loop(q)); },
                                +[](py::python q) { static_cast<void>(pyasync::get_current_locals(q)); },
                                +[](py::python q) { static_cast<void>(pyasync::task_locals::with_running_loop(q)); }}) {
            std::string message;
            try {
                ask(p);
            } catch (const py::python_error& error) {
                message = error.what();
            }
            CHECK(message == "RuntimeError: no running event loop");
        }
    });
}

PYASYNC_TEST_CASE("a thread of the application's own spawns in the application's name") {
    std::thread::id spawner;
    auto spawned = co_await spawn_blocking([&] {
        spawner = std::this_thread::get_id();
        return spawn(call<int>("bridge_examples:answer"));
    });
    CHECK(spawner != std::this_thread::get_id());
    CHECK(co_await std::move(spawned) == 42);
}

PYASYNC_TEST_CASE("spawn_blocking gives the value or the exception, and may take the GIL") {
    CHECK(co_await spawn_blocking([] { return 7; }) == 7);
    CHECK_THROWS_AS(co_await spawn_blocking([] { throw std::out_of_range("x"); }), std::out_of_range);
    const int taken = co_await spawn_blocking([] {
        return pyasync::with_gil(
            [](auto p) { return p.import("bridge_examples").attr("plus")(1, 2).template to<int>(); });
    });
    CHECK(taken == 3);
}

PYASYNC_TEST_CASE("a blocking function that takes the GIL is in its task's context") {
    co_await call("bridge_examples:set_request_id", "of the task");
    const auto ask = [] {
        return pyasync::with_gil(
            [](auto p) { return p.import("bridge_examples").attr("get_request_id")().template to<std::string>(); });
    };
    CHECK(co_await spawn_blocking(ask) == "of the task");
}

PYASYNC_TEST_CASE("cancelling a task and then letting go of it does not interrupt its cleaning up") {
    const auto body = []() -> task<> {
        co_await call("bridge_examples:record", "waiting");
        try {
            co_await pyasync::uv::sleep(1h);
        } catch (const pyasync::cancelled&) {
        }
        co_await call("bridge_examples:record", "cleaning up");
        co_await call("bridge_examples:until_event", "let go");
        co_await call("bridge_examples:record", "cleaned up");
    };
    {
        auto running = spawn(body());
        co_await call("bridge_examples:until_waiting");
        running.cancel();
        co_await call("bridge_examples:until_event", "cleaning up");
    }
    co_await call("bridge_examples:record", "let go");
    co_await call("bridge_examples:until_event", "cleaned up");
    co_await call("bridge_examples:take_events");
}

TEST_CASE("a task without an event loop says so") {
    auto lonely = spawn([]() -> task<std::string> {
        try {
            co_await call("bridge_examples:answer");
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "";
    }());
    on_loops([f = std::make_shared<pyasync::future<std::string>>(std::move(lonely))]() -> task<> {
        const std::string message = co_await std::move(*f);
        CHECK(message.find("this task has no event loop") != std::string::npos);
    });
}

PYASYNC_TEST_CASE("destroying a future cancels its task; detaching it lets it run") {
    const auto body = [](const char* event) -> task<> {
        try {
            co_await call("bridge_examples:record", "waiting");
            co_await pyasync::uv::sleep(event == std::string("slept") ? 0ms : 1h);
            co_await call("bridge_examples:record", event);
        } catch (const pyasync::cancelled&) {
            spawn(call("bridge_examples:record", "cancelled")).detach();
        }
    };
    static_cast<void>(spawn(body("not reached")));
    co_await call("bridge_examples:until_event", "cancelled");
    co_await call("bridge_examples:take_events");
    spawn(body("slept")).detach();
    co_await call("bridge_examples:until_event", "slept");
    co_await call("bridge_examples:take_events");
}
