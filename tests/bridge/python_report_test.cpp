// tests/bridge/python_report_test.cpp: what Python's tasks are found to wait for, and in which frames.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/python_report.hpp>

#include <string>

#include "support/matching.hpp"
#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::task;
using tests::has;
using tests::on_loops;
namespace py = pyasync::py;

namespace {

/// As text, without C++'s side.
std::string report(py::python py) { return pyasync::detail::tree_of(pyasync::detail::report_python(py).tasks); }

/// What is told while `report_examples:name` waits, with so many coroutines that wait at its innermost.
task<std::string> report_of(std::string name, int waiting) {
    co_await call("report_examples:reset");
    auto running = spawn(call("report_examples:" + name));
    co_await call("report_examples:until_waiting", waiting);
    std::string text = co_await on_asyncio(&report);
    co_await call("report_examples:release");
    co_await std::move(running);
    co_return text;
}

}  // namespace

PYASYNC_TEST_CASE("a coroutine that C++ awaits tells its frames, from the inside out") {
    const std::string text = co_await report_of("by_generator", 1);
    CHECK(has(text,
              "\\* Python task by_generator \\[asyncio 0\\] waits for asyncio.Future, at ~report_examples.py:\\d+ in "
              "by_itself\n"
              "    awaited at ~report_examples.py:\\d+ in items\n"
              "    awaited at ~report_examples.py:\\d+ in by_generator\n"));
}

PYASYNC_TEST_CASE("tasks stand below the one that waits for them, whichever of asyncio's functions it does that by") {
    for (const char* const name : {"by_gather", "by_group", "by_wait"}) {
        CAPTURE(name);
        const std::string text = co_await report_of(name, 2);
        CHECK(has(text, "\n?\\* Python task ~" + std::string(name) + " \\[asyncio 0\\] waits for ~Future, at ~\n" +
                            "(    awaited at ~\n)*"
                            "  \\* Python task Task-\\d+ by_itself \\[asyncio 0\\] waits for asyncio.Future, at ~\n"
                            "  \\* Python task Task-\\d+ by_itself \\[asyncio 0\\] waits for asyncio.Future, at ~\n"));
    }
    for (const char* const name : {"by_shield", "by_task"}) {
        CAPTURE(name);
        const std::string text = co_await report_of(name, 1);
        CHECK(has(text, "\n?\\* Python task ~" + std::string(name) + " \\[asyncio 0\\] waits for ~, at ~\n" +
                            "  \\* Python task Task-\\d+ by_itself \\[asyncio 0\\] waits for asyncio.Future, at ~\n"));
    }
}

PYASYNC_TEST_CASE("a Future that C++ awaits has below it what it stands for") {
    const std::string text = co_await report_of("gathered", 2);
    CHECK(has(text,
              "\\* Python future GatheringFuture \\[asyncio 0\\] is pending\n"
              "  \\* Python task Task-\\d+ by_itself ~\n"
              "  \\* Python task Task-\\d+ by_itself ~\n"));
}

PYASYNC_TEST_CASE("neither a report nor another thread's all_tasks makes a Task of what is none yet") {
    co_await call("report_examples:reset");
    auto running = spawn(call("report_examples:by_itself"));
    co_await call("report_examples:until_waiting", 1);
    CHECK(co_await call<int>("report_examples:tasks_seen_elsewhere") >= 2);
    for (int i = 0; i < 2; ++i) CHECK(has(co_await on_asyncio(&report), "\\* Python task by_itself \\["));
    co_await call("report_examples:release");
    co_await std::move(running);
}

TEST_CASE("a task that is cancelled, and cleans up, says so") {
    on_loops(
        []() -> task<> {
            co_await call("report_examples:reset");
            auto running = spawn(call("report_examples:tell_of_cancellation"));
            co_await call("report_examples:until_waiting", 1);
            running.cancel();
            co_await call("report_examples:until_waiting", 2);
            CHECK(
                has(co_await on_asyncio(&report),
                    "\\* Python task ~tell_of_cancellation \\[asyncio 0\\] is cancelled, and waits for asyncio.Future, "
                    "at ~ in by_itself\n"));
            co_await call("report_examples:release");
            co_await std::move(running);
        },
        {.debug = true});
}

TEST_CASE("without an event loop there is nothing to tell") {
    pyasync::with_gil([](py::python py) {
        const pyasync::detail::python_report told = pyasync::detail::report_python(py);
        CHECK(told.loops.empty());
        CHECK(told.tasks.empty());
    });
}
