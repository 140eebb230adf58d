// tests/bridge/on_asyncio_test.cpp: running a function on the asyncio thread.
// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::on_asyncio;
using pyasync::task;
using tests::on_loops;
namespace py = pyasync::py;

TEST_CASE("the function runs on the thread of the event loop, and the task goes on at home") {
    const auto main_thread = std::this_thread::get_id();
    on_loops([main_thread]() -> task<> {
        const auto home = std::this_thread::get_id();
        CHECK(home != main_thread);
        CHECK(co_await on_asyncio([](py::python) { return std::this_thread::get_id(); }) == main_thread);
        CHECK(std::this_thread::get_id() == home);
    });
}

PYASYNC_TEST_CASE("results and arguments may be move-only, and there may be none") {
    auto number = std::make_unique<int>(7);
    auto back = co_await on_asyncio([](py::python, std::unique_ptr<int> n) { return n; }, std::move(number));
    CHECK(*back == 7);
    bool ran = false;
    co_await on_asyncio([&ran](py::python) { ran = true; });
    CHECK(ran);
}

PYASYNC_TEST_CASE("a C++ exception comes back as itself, a Python one as python_error") {
    CHECK_THROWS_WITH_AS(co_await on_asyncio([](py::python) { throw std::out_of_range("too far"); }), "too far",
                         std::out_of_range);
    bool raised = false;
    try {
        co_await on_asyncio([](py::python python) { python.import("no_such_module"); });
    } catch (const py::python_error& error) {
        raised = error.matches("ModuleNotFoundError");
    }
    CHECK(raised);
}

PYASYNC_TEST_CASE("the running loop is the task's") {
    CHECK(co_await on_asyncio(
        [](py::python python) { return pyasync::get_running_loop(python).is(pyasync::get_current_loop(python)); }));
}

PYASYNC_TEST_CASE("a cancelled task still gets the function's result, and is cancelled at its next wait") {
    auto running = pyasync::spawn([]() -> task<int> {
        const int value = co_await on_asyncio([](py::python) { return 3; });
        co_await pyasync::uv::sleep(std::chrono::hours(1));
        co_return value;
    }());
    running.cancel();
    bool cancelled = false;
    try {
        co_await std::move(running);
    } catch (const pyasync::cancelled&) {
        cancelled = true;
    }
    CHECK(cancelled);
}

PYASYNC_TEST_CASE("a flood of requests does not starve the event loop's own callbacks") {
    auto flood = pyasync::spawn([]() -> task<> {
        std::vector<pyasync::future<>> all;
        for (int i = 0; i < 50'000; ++i) all.push_back(pyasync::spawn(on_asyncio([](py::python) {})));
        for (auto& each : all) co_await std::move(each);
    }());
    // A Python coroutine that takes many turns of the loop ends while the flood is still under way, or the flood
    // ends first: either way both come to their ends, and neither waits for the other.
    auto turns = pyasync::spawn(pyasync::call<int>("bridge_examples:tick", std::vector<int>{0}, 20));
    CHECK(co_await std::move(turns) == 20);
    co_await std::move(flood);
}

PYASYNC_TEST_CASE("a reference that dies on a loop thread is given back, though nothing else crosses") {
    const auto watch = [](py::python p) {
        const py::bound watched = p.import("asyncio").attr("Event")();
        const py::bound loop = pyasync::get_running_loop(p);
        const py::bound collected = loop.call_method("create_future");
        p.import("weakref").attr("finalize")(watched, collected.attr("set_result"), p.none());
        return std::pair(watched.unbind(), pyasync::into_future<void>(collected));
    };
    auto [object, collected] = co_await on_asyncio(watch);
    object.reset();
    co_await std::move(collected);
}
