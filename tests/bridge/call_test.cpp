// tests/bridge/call_test.cpp: calling Python by name.
// SPDX-License-Identifier: MIT
#include <vector>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::task;
using tests::on_loops;
namespace py = pyasync::py;

PYASYNC_TEST_CASE("call gives the value of a coroutine, of a coroutine that waits, and of a plain function") {
    CHECK(co_await call<int>("bridge_examples:answer") == 42);
    CHECK(co_await call<std::string>("bridge_examples:later", "a string") == "a string");
    CHECK(co_await call<int>("bridge_examples:plus", 1) == 2);
    CHECK(co_await call<int>("bridge_examples:plus", 1, 2, py::kw("c") = 3) == 6);
    co_await call<void>("bridge_examples:answer");
    const py::object kept = co_await call("bridge_examples:answer");
    CHECK(pyasync::with_gil([&](auto python) { return kept.bind(python).template to<int>(); }) == 42);
}

PYASYNC_TEST_CASE("call takes whatever Python can await") {
    CHECK(co_await call<int>("bridge_examples:future_of", 5) == 5);
    CHECK(co_await call<std::string>("bridge_examples:Awaitable") == "awaited");
    CHECK(co_await call<std::string>("bridge_examples:generator_coroutine") == "generated");
}

PYASYNC_TEST_CASE("call names what is missing") {
    CHECK((co_await tests::error_of(call("no_such_module:f")))
              .ends_with("ModuleNotFoundError: No module named 'no_such_module'"));
    CHECK(co_await tests::error_of(call("asyncio:no_such_name")) ==
          "AttributeError: module 'asyncio' has no attribute 'no_such_name'");
    CHECK(co_await tests::error_of(call("asyncio.sleep")) ==
          "ValueError: a Python function is named as module:qualname, not 'asyncio.sleep'");
    CHECK(co_await tests::error_of(call(":sleep")) ==
          "ValueError: a Python function is named as module:qualname, not ':sleep'");
}

PYASYNC_TEST_CASE("call names the value that does not convert") {
    CHECK(co_await tests::error_of(call<int>("bridge_examples:later", "text")) ==
          "TypeError: result of bridge_examples:later: expected int, got str");
    CHECK(co_await tests::error_of(call<std::uint8_t>("bridge_examples:later", 300)) ==
          "OverflowError: result of bridge_examples:later: 300 is not in the range 0 to 255");
    CHECK(co_await tests::error_of(call("bridge_examples:later", std::string("\xff"))) ==
          "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
}

PYASYNC_TEST_CASE("an exception arrives as a python_error, from the first step and from a later one") {
    for (const char* target : {"bridge_examples:fail", "bridge_examples:fail_later"}) {
        try {
            co_await call(target, "what went wrong");
            FAIL("nothing was thrown");
        } catch (const py::python_error& error) {
            CHECK(error.matches("ValueError"));
            CHECK(error.matches("Exception"));
            CHECK_FALSE(error.matches("TypeError"));
            CHECK(std::string(error.what()).ends_with("ValueError: what went wrong"));
            CHECK(std::string(error.what()).find("bridge_examples.py\", line") != std::string::npos);
        }
    }
}

PYASYNC_TEST_CASE("an exception of a plain function arrives as it is, with its traceback and its cause") {
    try {
        co_await call("bridge_examples:fail_with_cause", "outer");
        FAIL("nothing was thrown");
    } catch (const py::python_error& error) {
        CHECK(std::string(error.what()).ends_with("in fail_with_cause\nValueError: outer"));
        const bool has_cause =
            pyasync::with_gil([&](py::python p) { return !error.value().bind(p).attr("__cause__").is_none(); });
        CHECK(has_cause);
    }
    const std::string missing = co_await tests::error_of(call("bridge_examples:fail_with_cause"));
    CHECK(missing ==
          "TypeError: call of bridge_examples:fail_with_cause: fail_with_cause() missing 1 required "
          "positional argument: 'message'");
}

PYASYNC_TEST_CASE("current_task is one and the same Task before and after the first wait") {
    CHECK(co_await call<bool>("bridge_examples:same_task"));
    CHECK(co_await call<std::string>("bridge_examples:timed_out") == "timed out");
    CHECK(co_await call<std::string>("bridge_examples:timed_out_at_once") == "timed out");
    CHECK(co_await call<int>("bridge_examples:grouped") == 10);
}

PYASYNC_TEST_CASE("a task that somebody kept ends like any other, though its coroutine never waited") {
    py::object kept = co_await call("bridge_examples:task_after_end");
    CHECK(co_await call<std::string>("bridge_examples:await_other", std::move(kept)) == "observed True");
}

pyasync::task<bool> is_cancelled(std::string target, bool spawned = false) {
    try {
        if (spawned) co_await pyasync::spawn(call(target));
        co_await call(target);
    } catch (const pyasync::cancelled&) {
        co_return true;
    }
    co_return false;
}

PYASYNC_TEST_CASE("a coroutine that cancels itself in its first step is cancelled at its first wait") {
    CHECK(co_await is_cancelled("bridge_examples:cancel_itself"));
    CHECK(co_await call<std::string>("bridge_examples:cancel_itself_and_wait") == "no more");
}

PYASYNC_TEST_CASE("the CancelledError of a plain function is a cancellation, too") {
    CHECK(co_await is_cancelled("bridge_examples:raise_cancelled"));
    CHECK(co_await is_cancelled("bridge_examples:raise_cancelled", true));
}

PYASYNC_TEST_CASE("what an awaited object without throw() waits for may fail") {
    CHECK((co_await tests::error_of(call("bridge_examples:PlainIterator"))).ends_with("KeyError: 'not there'"));
}

namespace {

task<std::string> outcome_of_call(const char* target) {
    try {
        co_return co_await call<std::string>(target);
    } catch (const pyasync::cancelled&) {
    }
    co_await call("bridge_examples:record", "seen by C++");
    co_return "cancelled";
}

task<std::string> cancel_call_when_waiting(const char* target) {
    auto running = pyasync::spawn(outcome_of_call(target));
    co_await call("bridge_examples:until_waiting");
    running.cancel();
    co_return co_await std::move(running);
}

}  // namespace

PYASYNC_TEST_CASE("cancelling the task cancels the Python side and waits until that has cleaned up") {
    CHECK(co_await cancel_call_when_waiting("bridge_examples:wait_forever") == "cancelled");
    CHECK(co_await call<std::string>("bridge_examples:take_events") ==
          "waiting, cancelled, cleaned up, ended, seen by C++");
}

PYASYNC_TEST_CASE("Python may swallow the cancellation") {
    CHECK(co_await cancel_call_when_waiting("bridge_examples:swallow_cancellation") == "swallowed");
    co_await call("bridge_examples:take_events");
}

PYASYNC_TEST_CASE("many calls at once, each with its own value") {
    constexpr int count = 1000;
    std::vector<pyasync::future<int>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(pyasync::spawn(call<int>("bridge_examples:later", i)));
    for (int i = 0; i < count; ++i) CHECK(co_await std::move(calls[static_cast<std::size_t>(i)]) == i);
}

TEST_CASE("in debug mode the loop makes the tasks, and everything gives the same") {
    on_loops(
        []() -> task<> {
            CHECK(co_await call<int>("bridge_examples:answer") == 42);
            CHECK(co_await call<bool>("bridge_examples:same_task"));
            CHECK(co_await call<std::string>("bridge_examples:timed_out") == "timed out");
            CHECK(co_await call<std::string>("bridge_examples:Awaitable") == "awaited");
            CHECK(co_await call<std::string>("bridge_examples:generator_coroutine") == "generated");
            CHECK((co_await tests::error_of(call("bridge_examples:fail_later", "x"))).ends_with("ValueError: x"));
            co_await call("bridge_examples:set_request_id_later", "debugged");
            CHECK(co_await call<std::string>("bridge_examples:get_request_id") == "debugged");
            CHECK(co_await cancel_call_when_waiting("bridge_examples:wait_forever") == "cancelled");
            co_await call("bridge_examples:take_events");
        },
        {.debug = true});
}

TEST_CASE("a task factory makes the tasks, also one that knows nothing of contexts") {
    if (tests::as_the_environment_wishes({}).event_loop == "uvloop") return;  // uvloop itself insists on contexts
    on_loops([]() -> task<> {
        const py::object factory = co_await call("bridge_examples:install_factory");
        CHECK(co_await call<int>("bridge_examples:later", 3) == 3);
        CHECK(co_await call<int>("bridge_examples:answer") == 42);
        const int made = co_await pyasync::on_asyncio(
            [&](auto python) { return factory.bind(python).attr("made").template to<int>(); });
        CHECK(made == 2);
    });
}

#if PY_VERSION_HEX >= 0x030C0000
PYASYNC_TEST_CASE("asyncio's eager task factory") {
    co_await call("bridge_examples:install_eager_factory");
    CHECK(co_await call<int>("bridge_examples:later", 3) == 3);
    CHECK(co_await call<bool>("bridge_examples:same_task"));
    CHECK(co_await call<int>("bridge_examples:answer") == 42);
}
#endif
