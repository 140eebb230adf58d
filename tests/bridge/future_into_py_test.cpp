// tests/bridge/future_into_py_test.cpp: C++ tasks that Python awaits.
// SPDX-License-Identifier: MIT
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

task<int> twice(int n) {
    co_await pyasync::uv::sleep(0ms);
    co_return 2 * n;
}

task<> wait_forever() {
    co_await call("bridge_examples:record", "waiting");
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    co_await call("bridge_examples:record", "cleaned up in C++");
    throw pyasync::cancelled();
}

task<std::string> swallow() {
    co_await call("bridge_examples:record", "waiting");
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    co_return "swallowed";
}

template <typename T>
task<> fail_with(T error) {
    co_await pyasync::uv::sleep(0ms);
    throw error;
}

/// A C++ function for Python, as something that can be passed to `call`.
template <typename Function>
auto python_function(Function function) {
    return on_asyncio([function](py::python p) { return py::function(p, "function", function).unbind(); });
}

task<std::string> events() { co_return co_await call<std::string>("bridge_examples:take_events"); }

}  // namespace

PYASYNC_TEST_CASE("it is a Future to asyncio, hot, and belongs to the running loop") {
    CHECK(co_await call<std::string>("bridge_examples:describe", twice(21)) == "(True, False, True) 42");
    CHECK(co_await call<std::string>("bridge_examples:describe", pyasync::spawn(twice(4))) == "(True, False, True) 8");
}

PYASYNC_TEST_CASE("gather, as_completed, wait_for and shield") {
    CHECK(co_await call<int>("bridge_examples:gather", co_await python_function(twice), 1000) == 999'000);
    CHECK(co_await call<int>("bridge_examples:in_completion_order", co_await python_function(twice), 10) == 90);
    CHECK(co_await call<std::string>("bridge_examples:wait_for", co_await python_function(swallow)) == "not timed out");
    CHECK(co_await events() == "waiting");
    CHECK(co_await call<std::string>("bridge_examples:wait_for", co_await python_function(wait_forever)) ==
          "timed out");
    CHECK(co_await events() == "waiting, cleaned up in C++");
    CHECK(co_await call<std::string>("bridge_examples:shielded", co_await python_function([] { return twice(1); })) ==
          "CancelledError /value 2");
}

PYASYNC_TEST_CASE("gather over a C++ future that is cancelled ends") {
    CHECK(co_await call<std::string>("bridge_examples:cancelled_in_gather", co_await python_function(wait_forever)) ==
          "CancelledError ");
    co_await call("bridge_examples:until_event", "cleaned up in C++");
    co_await events();
}

PYASYNC_TEST_CASE("cancelling waits until C++ has unwound, and C++ may swallow it") {
    CHECK(co_await call<std::string>("bridge_examples:cancel_when_waiting", co_await python_function(wait_forever)) ==
          "CancelledError ");
    CHECK(co_await events() == "waiting, cleaned up in C++, seen by Python");
    CHECK(co_await call<std::string>("bridge_examples:cancel_when_waiting", co_await python_function(swallow)) ==
          "value swallowed");
    co_await events();
}

PYASYNC_TEST_CASE("one that Python lets go of is cancelled") {
    co_await call("bridge_examples:drop", co_await python_function(wait_forever));
    co_await call("bridge_examples:until_event", "cleaned up in C++");
    co_await events();
}

PYASYNC_TEST_CASE("one that Python lets go of may have ended already, and its message be on its way") {
    std::atomic<int> begun{0};
    const auto count_up = [](std::atomic<int>& counter) -> task<> {
        ++counter;
        co_return;
    };
    constexpr int count = 5000;
    co_await call("bridge_examples:drop_all", co_await python_function([&begun, count_up] { return count_up(begun); }),
                  count);
    CHECK(begun <= count + 1);
}

TEST_CASE("tasks that start in one context have a copy each") {
    const auto set_and_read = [](std::string value) -> task<std::string> {
        const auto before = co_await call<std::string>("bridge_examples:get_request_id");
        co_await call("bridge_examples:set_request_id", value);
        const auto after = co_await call<std::string>("bridge_examples:get_request_id");
        co_return before + (after == value ? " " + value : " but it reads " + after);
    };
    on_loops([set_and_read]() -> task<> {
        CHECK(co_await call<std::string>("bridge_examples:each_in_its_own_context",
                                         co_await python_function(set_and_read), 20) == "True outer");
    });
}

TEST_CASE("a task that starts in a context keeps what the only child that it waits for has set") {
    const auto set_in_child = []() -> task<std::string> {
        co_await pyasync::timeout(1h, call("bridge_examples:set_request_id", "inner"));
        co_return co_await call<std::string>("bridge_examples:get_request_id");
    };
    const auto set_in_children = []() -> task<std::string> {
        co_await pyasync::when_all(call("bridge_examples:set_request_id", "one"),
                                   call("bridge_examples:set_request_id", "two"));
        co_return co_await call<std::string>("bridge_examples:get_request_id");
    };
    on_loops([=]() -> task<> {
        CHECK(co_await call<std::string>("bridge_examples:with_request_id", "outer",
                                         co_await python_function(set_in_child)) == "inner");
        CHECK(co_await call<std::string>("bridge_examples:with_request_id", "outer",
                                         co_await python_function(set_in_children)) == "outer");
    });
}

PYASYNC_TEST_CASE("callbacks that are added in one context have a copy each") {
    CHECK(co_await call<std::string>("bridge_examples:callbacks_in_their_own_contexts",
                                     co_await python_function([] { return twice(5); })) == "['outer', 'outer'] outer");
}

PYASYNC_TEST_CASE("what a context had is gone with the tasks that started in it") {
    CHECK(co_await call<bool>("bridge_examples:context_values_die", co_await python_function([] { return twice(5); })));
}

PYASYNC_TEST_CASE("callbacks, their contexts, and their removal") {
    CHECK(co_await call<std::string>("bridge_examples:callbacks", co_await python_function([] { return twice(5); })) ==
          "10 of the callback of the callback");
}

PYASYNC_TEST_CASE("result and exception before and after the end") {
    CHECK(co_await call<std::string>("bridge_examples:states", co_await python_function([] { return twice(5); })) ==
          "Result is not ready.; Exception is not set.; False False; True False None False");
}

PYASYNC_TEST_CASE("an exception that nobody has seen is reported by the loop") {
    const auto fail = co_await python_function([] { return fail_with(std::out_of_range("lost")); });
    auto kept = co_await on_asyncio([&](auto p) { return fail.clone(p); });
    CHECK(co_await call<std::string>("bridge_examples:never_retrieved", std::move(kept)) ==
          "pyasync.Future exception was never retrieved: IndexError('lost')");
}

PYASYNC_TEST_CASE("C++ exceptions as Python shows them") {
    const auto seen = [](auto error) { return call<std::string>("bridge_examples:outcome", fail_with(error)); };
    CHECK(co_await seen(std::invalid_argument("bad")) == "ValueError bad");
    CHECK(co_await seen(std::out_of_range("far")) == "IndexError far");
    CHECK(co_await seen(std::bad_alloc()) == "MemoryError ");
    CHECK(co_await seen(std::system_error(ENOENT, std::generic_category(), "open")) ==
          "FileNotFoundError [Errno 2] open: No such file or directory");
    CHECK(co_await seen(std::logic_error("odd")) == "CppError std::logic_error: odd");
    CHECK(co_await seen(17) == "CppError an exception of type int");
}

PYASYNC_TEST_CASE(
    "an exception that goes there and back is the same object, with C++ and Python frames in its traceback") {
    const auto through =
        co_await python_function([]() -> task<> { co_await call("bridge_examples:fail_later", "round trip"); });
    auto copy = co_await on_asyncio([&](auto p) { return through.clone(p); });
    const std::string report = co_await tests::error_of(call("bridge_examples:with_request_id", "x", std::move(copy)));
    CHECK(report.find("future_into_py_test.cpp\", line") != std::string::npos);
    CHECK(report.find("in fail_later") != std::string::npos);
    CHECK(report.find("in with_request_id") != std::string::npos);
    CHECK(report.ends_with("ValueError: round trip"));
}

TEST_CASE("without a running loop there is Python's own error") {
    pyasync::with_gil([](auto p) {
        try {
            static_cast<void>(pyasync::future_into_py(p, twice(1)));
            FAIL("nothing was raised");
        } catch (const py::python_error& error) {
            CHECK(std::string(error.what()) == "RuntimeError: no running event loop");
        }
    });
}

PYASYNC_TEST_CASE("Python's context variables are seen by Python that C++ calls") {
    const auto ask = []() -> task<std::string> {
        co_await pyasync::uv::sleep(0ms);
        co_return co_await call<std::string>("bridge_examples:get_request_id");
    };
    CHECK(co_await call<std::string>("bridge_examples:with_request_id", "r-17", co_await python_function(ask)) ==
          "r-17");
}

TEST_CASE("a loop that is closed with work in flight cancels it") {
    const auto end = std::make_shared<std::promise<std::string>>();
    const auto wait_and_tell = [](std::shared_ptr<std::promise<std::string>> told) -> task<> {
        try {
            co_await wait_forever();
        } catch (const std::exception& error) {
            told->set_value(error.what());
        }
    };
    pyasync::with_gil([&](auto p) {
        const py::bound loop = p.import("asyncio").attr("new_event_loop")();
        py::object left;
        pyasync::run_until_complete(p, loop, [&]() -> task<> {
            left = co_await on_asyncio(
                [&](auto inner) { return pyasync::future_into_py(inner, wait_and_tell(end)).unbind(); });
            co_await call("bridge_examples:until_waiting");
        }());
        CHECK_FALSE(left.bind(p).call_method("done"));
        loop.call_method("close");
        CHECK(left.bind(p).call_method("cancelled"));
        p.import("bridge_examples").attr("take_events")();
    });
    // It still unwinds, on its libuv loop, where it can run no Python any more.
    CHECK(end->get_future().get().find("the event loop of this task is closed") != std::string::npos);
}
