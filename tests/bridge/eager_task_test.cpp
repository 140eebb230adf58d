// tests/bridge/eager_task_test.cpp: the tasks of coroutines that C++ awaits, as Python sees them.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/eager_task.hpp>

#include <future>
#include <set>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::spawn;
using pyasync::task;
using tests::on_loops;
namespace py = pyasync::py;

namespace {

task<> forget_events() { co_await call("bridge_examples:take_events"); }

/// The last line of what the call's exception says, or nothing.
template <typename... Args>
task<std::string> failure(const char* target, Args... args) {
    std::string report;
    try {
        co_await call(target, args...);
    } catch (const py::python_error& error) {
        report = error.what();
    }
    co_return report.substr(report.rfind('\n') + 1);
}

}  // namespace

PYASYNC_TEST_CASE("a coroutine keeps one task through waits of every kind") {
    for (int i = 0; i < 3; ++i) CHECK(co_await call<std::string>("eager_task_examples:one_identity") == "one");
}

PYASYNC_TEST_CASE("a coroutine that asyncio wakes may ask for the next turn when C++ has nothing to send") {
    CHECK(co_await call<int>("eager_task_examples:rest_and_yield") == 3);
}

PYASYNC_TEST_CASE("a task that somebody has by a weak reference is not used again") {
    std::set<int> numbers;
    for (int i = 0; i < 10; ++i) numbers.insert(co_await call<int>("eager_task_examples:number_of_task"));
    CHECK(numbers.size() == 10);
}

PYASYNC_TEST_CASE("a task that somebody has kept, and not looked at, is one that has ended like any other") {
    for (const int turns : {0, 1, 10}) {
        for (const char* look : {"eager_task_examples:await_kept", "eager_task_examples:watch_kept"}) {
            CHECK(co_await call<int>("eager_task_examples:keep_and_end", turns, "") == 42);
            CHECK(co_await call<int>(look) == 42);
            CHECK(co_await failure("eager_task_examples:keep_and_end", turns, "told") == "ValueError: told");
            CHECK(co_await failure(look) == "ValueError: told");
        }
    }
}

PYASYNC_TEST_CASE("a coroutine that a Future of asyncio's has woken leaves no task behind, where nobody has kept it") {
    for (int i = 0; i < 20; ++i) {
        co_await call("eager_task_examples:wait_for_timer");
        CHECK(co_await call<bool>("eager_task_examples:unknown_at_end"));
    }
}

PYASYNC_TEST_CASE("a task is awaited while it runs, by who has not looked at it before") {
    auto runs = spawn(call<int>("eager_task_examples:keep_and_end", 10, ""));
    CHECK(co_await call<int>("eager_task_examples:await_kept_while_it_runs") == 42);
    CHECK(co_await std::move(runs) == 42);
}

PYASYNC_TEST_CASE("asyncio.all_tasks knows a coroutine that waits, and so it can be cancelled") {
    co_await forget_events();
    auto waits = spawn(call("eager_task_examples:wait_for_release"));
    co_await call("bridge_examples:until_waiting");
    CHECK(co_await call<int>("eager_task_examples:count_tasks_of", "wait_for_release") == 1);
    co_await call("eager_task_examples:cancel_tasks_of", "wait_for_release");
    CHECK_THROWS_AS(co_await std::move(waits), pyasync::cancelled);
    CHECK(co_await call<int>("eager_task_examples:count_tasks_of", "wait_for_release") == 0);
    CHECK(co_await call<std::string>("bridge_examples:take_events") == "waiting, left");
}

PYASYNC_TEST_CASE("what a coroutine waits for gives it its value or its exception, looked at or not") {
    for (const bool looked_at : {false, true}) {
        for (const bool fails : {false, true}) {
            CAPTURE(looked_at);
            CAPTURE(fails);
            co_await forget_events();
            auto waits = spawn(call<int>("eager_task_examples:wait_for_release"));
            co_await call("bridge_examples:until_waiting");
            if (looked_at) {
                CHECK(co_await call<int>("eager_task_examples:count_tasks_of", "wait_for_release") == 1);
            }
            if (fails) {
                co_await call("eager_task_examples:fail_release");
                CHECK((co_await tests::error_of(std::move(waits))).find("KeyError: 'not released'") !=
                      std::string::npos);
            } else {
                co_await call("eager_task_examples:release", 42);
                CHECK(co_await std::move(waits) == 42);
            }
        }
    }
}

PYASYNC_TEST_CASE("a coroutine that C++ cancels while it waits may go on") {
    co_await forget_events();
    auto waits = spawn(call<std::string>("eager_task_examples:swallow_and_go_on"));
    co_await call("bridge_examples:until_waiting");
    waits.cancel();
    CHECK(co_await std::move(waits) == "went on");
}

PYASYNC_TEST_CASE("a coroutine between two turns of the loop can be cancelled") {
    co_await forget_events();
    auto spins = spawn(call("eager_task_examples:spin_forever"));
    co_await call("bridge_examples:until_waiting");
    spins.cancel();
    CHECK_THROWS_AS(co_await std::move(spins), pyasync::cancelled);
    CHECK(co_await call<std::string>("bridge_examples:take_events") == "waiting, left");
}

TEST_CASE("a coroutine between two turns of the loop is cancelled at the end") {
    on_loops([]() -> task<> {
        co_await forget_events();
        spawn(call("eager_task_examples:spin_forever")).detach();
        co_await call("bridge_examples:until_waiting");
    });
    const auto events = pyasync::with_gil(
        [](auto p) { return p.import("bridge_examples").attr("take_events")().template to<std::string>(); });
    CHECK(events == "waiting, left");
}

PYASYNC_TEST_CASE("asyncio.sleep(0) gives every other callback its turn") {
    constexpr int turns = 100;
    CHECK(co_await call<int>("eager_task_examples:turns_between", turns) >= turns - 1);
}

PYASYNC_TEST_CASE("the exception of a Future is thrown at the yield, its value is not sent") {
    CHECK(co_await call<std::string>("eager_task_examples:hand_written", "by hand") == "thrown by hand");
    CHECK(co_await call<std::string>("eager_task_examples:hand_written", "") == "sent");
}

namespace {

task<> call_with(std::string target, std::string argument) { co_await call(target, argument); }

/// What C++ is told of a call on the given loop.
task<> tell_outcome(std::promise<std::string>& told, pyasync::task_locals locals, std::string target, std::string how) {
    try {
        co_await scope(std::move(locals), call_with(std::move(target), std::move(how)));
        told.set_value("ended");
    } catch (const std::exception& error) {
        told.set_value(error.what());
    }
}

}  // namespace

// As another thread does at the end of the program, while the step has given up the GIL.
TEST_CASE("what a step of a coroutine has come to is its Task's where the loop is closed for C++ meanwhile") {
    for (const char* const how : {"returns", "raises", "waits", "yields"}) {
        CAPTURE(std::string(how));
        std::promise<std::string> told;
        pyasync::with_gil([&](py::python p) {
            const auto begin = [&told](py::python here, std::string target, std::string in_which_way) {
                auto locals = pyasync::task_locals::with_running_loop(here).copy_context(here);
                spawn(tell_outcome(told, std::move(locals), std::move(target), std::move(in_which_way))).detach();
            };
            const py::bound start = py::function(p, "start", begin);
            const py::bound close = py::function(p, "close", [](const py::bound& loop) {
                pyasync::detail::asyncio_inbox::of(loop)->loop_gone(loop.py());
            });
            const py::bound loop = p.import("asyncio").attr("new_event_loop")();
            const py::bound outcome = p.import("eager_task_examples").attr("outcome_of_closed")(start, close, how);
            const auto ended = loop.call_method("run_until_complete", outcome).to<std::string>();
            CHECK(ended == (std::string(how) == "raises" ? "ValueError raised" : "value " + std::string(how)));
            loop.call_method("close");
        });
        CHECK(told.get_future().get() ==
              "pyasync: the event loop of this task is closed, so no Python can run in its name any more");
    }
}
