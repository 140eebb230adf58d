// tests/runtime/dump_tasks_test.cpp: the tree of who waits for whom across both languages, asked for on any thread.
// SPDX-License-Identifier: MIT
#include <pyasync/dump_tasks.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "support/matching.hpp"
#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::future;
using pyasync::on_asyncio;
using pyasync::promise;
using pyasync::spawn;
using pyasync::spawn_blocking;
using pyasync::task;
using pyasync::with_gil;
using tests::has;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

/// Tells when a task waits in its innermost coroutine, and lets it go.
struct meeting {
    promise<> reached;
    promise<> leave;
};

task<> innermost(meeting& here) {
    future<> leave = here.leave.get_future();
    here.reached.set_value();
    co_await std::move(leave);
}
task<> middle(meeting& here) { co_await innermost(here); }
task<> outer(py::object start) { co_await call("report_examples:await_it", std::move(start)); }

task<> wait_for_nothing() { co_await pyasync::uv::sleep(1h); }

pyasync::async_generator<int> yield_after(meeting& here) {
    future<> leave = here.leave.get_future();
    here.reached.set_value();
    co_await std::move(leave);
    co_yield 1;
}

/// A coroutine function for Python, that C++ awaits Python to call.
task<py::object> given_to_python(meeting& here) {
    const auto make = [](py::python p, meeting* met) {
        return pyasync::coroutine_function(p, "middle", [met] { return middle(*met); }).unbind();
    };
    co_return co_await on_asyncio(make, &here);
}

/// However slow the machine is, what can answer does.
constexpr auto long_enough = 60s;
/// What cannot, is waited for as long.
constexpr auto short_time = 2s;

std::string dump() { return pyasync::detail::dump_tasks_within(long_enough); }
std::string dump_here(py::python) { return dump(); }

const std::string whole_nest =
    "\\* C\\+\\+ task ~outer \\[libuv 0\\] waits for Python's report_examples:await_it, at ~dump_tasks_test.cpp:\\d+ "
    "in "
    "~outer\n"
    "    started at ~dump_tasks_test.cpp:\\d+ in ~\n"
    "  \\* Python task ~await_it \\[asyncio 0\\] waits for a C\\+\\+ task, at ~report_examples.py:\\d+ in "
    "await_inside\n"
    "      awaited at ~report_examples.py:\\d+ in await_it\n"
    "    \\* C\\+\\+ task ~middle \\[libuv 0\\] waits for a promise, at ~dump_tasks_test.cpp:\\d+ in ~innermost\n"
    "        awaited at ~dump_tasks_test.cpp:\\d+ in ~middle\n";

/// Runs C++, which awaits Python, which awaits C++; and when all of these wait, `body()`.
template <typename Function>
void while_nested(Function body, const pyasync::options& how = {}) {
    on_loops(
        [body]() -> task<> {
            meeting here;
            future<> reached = here.reached.get_future();
            py::object start = co_await given_to_python(here);
            future<> running = spawn(outer(std::move(start)));
            co_await std::move(reached);
            co_await call("asyncio:sleep", 0);  // Python has come to its wait, too
            co_await body();
            here.leave.set_value();
            co_await std::move(running);
        },
        how);
}

}  // namespace

TEST_CASE("C++ that awaits Python that awaits C++ is one tree, with the places in both") {
    for (const bool debug : {false, true}) {
        CAPTURE(debug);
        while_nested(
            []() -> task<> {
                const std::string text = co_await on_asyncio(&dump_here);
                CHECK(has(text, whole_nest));
                CHECK(has(text, "^2 event loops\n  asyncio 0: <~> on MainThread, where this is asked for"));
                CHECK(has(text, "\n  libuv 0: 3 tasks\n\n"));
            },
            {.debug = debug});
    }
}

TEST_CASE("the same tree is told on a thread of the pool, on a loop thread, and there with the GIL") {
    while_nested([]() -> task<> {
        CHECK(has(co_await spawn_blocking(&dump), whole_nest));
        std::string without = dump();
        // The other thread may be on its way to its wait still.
        for (int i = 0; i < 1000 && without.find("on MainThread, waits\n") == std::string::npos; ++i) without = dump();
        CHECK(has(without, whole_nest));
        CHECK(has(without, "asyncio 0: <~> on MainThread, waits\n"));
        CHECK(has(without, "\\* C\\+\\+ task \\[libuv 0\\] runs\n    started at "));
        CHECK(has(with_gil(&dump_here), whole_nest));
    });
}

PYASYNC_TEST_CASE("what a task of Python's gathers of C++ stands below it") {
    meeting here;
    future<> reached = here.reached.get_future();
    const auto make = [](py::python p, meeting* met) {
        // Only the first of them is waited for by the test.
        const auto first = std::make_shared<std::atomic<bool>>(true);
        return py::function(p, "start",
                            [met, first] { return first->exchange(false) ? middle(*met) : wait_for_nothing(); })
            .unbind();
    };
    py::object start = co_await on_asyncio(make, &here);
    auto running = spawn(call("report_examples:await_several", std::move(start), 2));
    co_await std::move(reached);
    co_await call("asyncio:sleep", 0);
    CHECK(has(co_await on_asyncio(&dump_here),
              "\\* Python task ~await_several \\[asyncio 0\\] waits for GatheringFuture, at ~\n"
              "  \\* C\\+\\+ task ~middle \\[libuv 0\\] waits for a promise, at ~\n"
              "      awaited at ~\n"
              "  \\* C\\+\\+ task ~wait_for_nothing \\[libuv 0\\] waits for uv::sleep, ~ s left, at ~\n"));
    running.cancel();
    try {
        co_await std::move(running);
    } catch (const pyasync::cancelled&) {
    }
}

PYASYNC_TEST_CASE("every event loop is told of, on whichever thread it runs") {
    meeting here;
    future<> reached = here.reached.get_future();
    const py::object start = co_await given_to_python(here);
    future<> elsewhere = spawn_blocking([&start] {
        with_gil([&start](py::python p) { p.import("report_examples").attr("run_elsewhere")(start.bind(p)); });
    });
    co_await std::move(reached);
    // Its other loop has come to its wait when this one's thread has the GIL.
    const std::string text = co_await on_asyncio(&dump_here);
    CHECK(has(text, "^3 event loops\n"));
    CHECK(has(text,
              "\\* Python task Task-\\d+ await_it \\[asyncio [01]\\] waits for a C\\+\\+ task, at ~ in await_inside\n"
              "    awaited at ~ in await_it\n"
              "  \\* C\\+\\+ task ~middle \\[libuv 0\\] waits for a promise, at ~ in ~innermost\n"));
    here.leave.set_value();
    co_await std::move(elsewhere);
}

PYASYNC_TEST_CASE("a loop thread that something blocks is said not to answer, and Python is told of all the same") {
    std::string text;
    meeting here;
    future<> reached = here.reached.get_future();
    py::object start = co_await given_to_python(here);
    future<> running = spawn(outer(std::move(start)));
    co_await std::move(reached);
    co_await call("asyncio:sleep", 0);
    std::latch leave(1);
    std::thread asks([&] {
        text = pyasync::detail::dump_tasks_within(short_time);
        leave.count_down();
    });
    leave.wait();  // and with this thread the loop
    asks.join();
    here.leave.set_value();
    co_await std::move(running);
    CHECK(has(text, "\n  libuv 0: does not answer, something on its thread does not return\n"));
    CHECK(has(
        text,
        "\\* Python task ~await_it \\[asyncio 0\\] waits for a C\\+\\+ task, at ~ in await_inside\n"
        "    awaited at ~ in await_it\n"
        "  \\* a C\\+\\+ task started at ~dump_tasks_test.cpp:\\d+ in ~, not shown: not begun, or ended, or its loop "
        "does not answer\n"));
}

PYASYNC_TEST_CASE("a function on asyncio's thread that is no Python code is not taken for a wait") {
    co_await on_asyncio([](py::python) {
        PyThreadState* const mine = PyEval_SaveThread();
        const std::string text = dump();
        PyEval_RestoreThread(mine);
        CHECK(has(text, "asyncio 0: <~> on MainThread, runs what is no Python code\n"));
    });
}

PYASYNC_TEST_CASE("Python that computes is told with its frames") {
    std::latch computes(1);
    std::atomic<bool> told = false;
    const auto make = [](py::python p, std::latch* begun, std::atomic<bool>* end) {
        const auto once = std::make_shared<bool>(false);
        return py::function(p, "told",
                            [begun, end, once] {
                                if (!std::exchange(*once, true)) begun->count_down();
                                return end->load();
                            })
            .unbind();
    };
    py::object end = co_await on_asyncio(make, &computes, &told);
    auto running = spawn(call("report_examples:compute_until", std::move(end)));
    const auto ask = [&computes, &told] {
        computes.wait();
        std::string text = dump();
        told = true;
        return text;
    };
    const std::string text = co_await spawn_blocking(ask);
    CHECK(has(text, "asyncio 0: <~> on MainThread, runs Python:\n    at ~report_examples.py:\\d+ in compute_until\n"));
    co_await std::move(running);
}

PYASYNC_TEST_CASE("where somebody keeps the GIL, C++ is told of all the same") {
    std::latch kept(1);
    std::latch leave(1);
    const auto ask = [&kept, &leave] {
        kept.wait();
        std::string text = pyasync::detail::dump_tasks_within(short_time);
        leave.count_down();
        return text;
    };
    future<std::string> asked = spawn_blocking(ask);
    const auto keep = [](py::python, std::latch* has_it, std::latch* gives_it) {
        has_it->count_down();
        gives_it->wait();
    };
    co_await on_asyncio(keep, &kept, &leave);
    const std::string text = co_await std::move(asked);
    CHECK(has(text, "\n  asyncio: does not answer, somebody keeps the GIL\n"));
    CHECK(has(text, "\\* C\\+\\+ task ~ \\[libuv 0\\] waits for a function on asyncio's thread, at ~\n"));
}

PYASYNC_TEST_CASE("an item of a stream is waited for where its generator stands") {
    co_await call("report_examples:reset");
    const auto open = [](py::python p) {
        return pyasync::into_stream<int>(p.import("report_examples").attr("items")());
    };
    const auto take = [](pyasync::stream<int> items) -> task<> { co_await items.next(); };
    pyasync::stream<int> items = co_await on_asyncio(open);
    future<> running = spawn(take(std::move(items)));
    co_await call("report_examples:until_waiting", 1);
    CHECK(has(co_await on_asyncio(&dump_here),
              "\\* C\\+\\+ task ~ \\[libuv 0\\] waits for an item of a stream, at ~\n"
              "    started at ~\n"
              "  \\* Python task~ \\[asyncio 0\\] waits for asyncio.Future, at ~ in by_itself\n"
              "      awaited at ~ in items\n"));
    co_await call("report_examples:release");
    co_await std::move(running);
}

PYASYNC_TEST_CASE("a task that waits for a generator of C++ has that one's task below it") {
    meeting here;
    future<> reached = here.reached.get_future();
    const auto make = [](py::python p, meeting* met) {
        return pyasync::async_generator_into_py(p, yield_after(*met)).unbind();
    };
    py::object items = co_await on_asyncio(make, &here);
    auto running = spawn(call("report_examples:take_one", std::move(items)));
    co_await std::move(reached);
    co_await call("asyncio:sleep", 0);
    CHECK(has(co_await on_asyncio(&dump_here),
              "\\* Python task ~take_one \\[asyncio 0\\] waits for a C\\+\\+ task, at ~ in take_one\n"
              "  \\* C\\+\\+ task ~yield_after \\[libuv 0\\] waits for a promise, at ~ in ~yield_after\n"));
    here.leave.set_value();
    co_await std::move(running);
}

TEST_CASE("without tasks there are the loops alone") {
    const std::string text = dump();
    CHECK(has(text, "^[01] event loops?\n(  libuv 0: 0 tasks\n)?\n$"));
}
