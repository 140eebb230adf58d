// tests/bridge/coroutine_function_test.cpp: C++ coroutine functions that behave as Python's own.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/coroutine_function.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::coroutine_function;
using pyasync::coroutine_options;
using pyasync::on_asyncio;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

std::atomic<int> unwound{0};

struct counts_unwinding {
    counts_unwinding() = default;
    counts_unwinding(const counts_unwinding&) = delete;
    counts_unwinding& operator=(const counts_unwinding&) = delete;
    ~counts_unwinding() { ++unwound; }
};

/// Which threads a coroutine has run on, before its first wait and after: a home loop, or another.
task<std::string> threads() {
    const std::string before = pyasync::uv::loop::current() != nullptr ? "home" : "away";
    co_await pyasync::uv::sleep(0ms);
    co_return before + " " + (pyasync::uv::loop::current() != nullptr ? "home" : "away");
}

task<int> twice(int number) { co_return 2 * number; }

task<int> of_children(int number) {
    const int first = co_await twice(number);
    co_await pyasync::uv::sleep(0ms);
    co_return co_await twice(first);
}

task<std::string> asks_python(std::string name) { co_return co_await call<std::string>(name); }

task<std::string> spawns() { co_return co_await pyasync::spawn(asks_python("bridge_examples:get_request_id")); }

task<> fails(std::string message) {
    if (message == "later") co_await pyasync::uv::sleep(0ms);
    throw std::invalid_argument(message);
}

task<> waits() {
    const counts_unwinding here;
    co_await call("bridge_examples:record", "waiting");
    co_await pyasync::uv::sleep(1h);
}

/// A function of the given kind, for Python.
template <typename Function>
task<py::object> made(Function function, bool inline_start) {
    const auto make = [](py::python p, Function f, bool how) {
        return coroutine_function(p, "made", f, coroutine_options{.inline_start = how}, "A test's.").unbind();
    };
    co_return co_await on_asyncio(make, function, inline_start);
}

/// Runs `body(inline_start)` both ways.
template <typename Body>
void both_ways(Body body) {
    on_loops([body]() -> task<> {
        co_await body(false);
        co_await body(true);
    });
}

}  // namespace

TEST_CASE("a coroutine begins at home, or inline and goes home with its first wait") {
    both_ways([](bool inline_start) -> task<> {
        const py::object function = co_await made(&threads, inline_start);
        CHECK(co_await call<std::string>("bridge_examples:await_it", std::cref(function)) ==
              (inline_start ? "away home" : "home home"));
    });
}

TEST_CASE("arguments, values and children cross") {
    both_ways([](bool inline_start) -> task<> {
        const py::object function = co_await made(&of_children, inline_start);
        CHECK(co_await call<int>("bridge_examples:await_it", std::cref(function), 21) == 84);
        CHECK(co_await call<int>("bridge_examples:gather_them", std::cref(function), 100) == 4 * 4950);
    });
}

TEST_CASE("Python's context is the caller's, at once and later") {
    both_ways([](bool inline_start) -> task<> {
        const py::object asks = co_await made(&asks_python, inline_start);
        CHECK(co_await call<std::string>("bridge_examples:with_request_id_and", "mine", std::cref(asks),
                                         "bridge_examples:get_request_id") == "mine");
        const py::object function = co_await made(&spawns, inline_start);
        CHECK(co_await call<std::string>("bridge_examples:with_request_id", "mine", std::cref(function)) == "mine");
    });
}

TEST_CASE("what a coroutine throws, at once or later, arrives with its frames") {
    both_ways([](bool inline_start) -> task<> {
        const py::object function = co_await made(&fails, inline_start);
        for (const char* when : {"now", "later"}) {
            const std::string error =
                co_await tests::error_of(call("bridge_examples:await_it", std::cref(function), when));
            CHECK(error.find(std::string("ValueError: ") + when) != std::string::npos);
        }
    });
}

TEST_CASE("a coroutine object behaves as Python's own do") {
    both_ways([](bool inline_start) -> task<> {
        const py::object function = co_await made(&twice, inline_start);
        CHECK(co_await call<std::string>("bridge_examples:protocol", std::cref(function)) == "as it should");
        const py::object long_one = co_await made(&waits, inline_start);
        const int before = unwound;
        CHECK(co_await call<std::string>("bridge_examples:endings", std::cref(long_one)) == "as it should");
        while (unwound < before + 3) co_await pyasync::uv::sleep(0ms);
    });
}

TEST_CASE("without an event loop, a coroutine that begins inline may end, but cannot wait") {
    const auto error = pyasync::with_gil([](auto p) {
        const py::bound steps = p.import("bridge_examples").attr("step_without_loop");
        CHECK(steps(coroutine_function(p, "twice", &twice, {.inline_start = true}), 21).template to<int>() == 42);
        std::string raised;
        for (const bool inline_start : {false, true}) {
            const auto waiting = coroutine_function(p, "of_children", &of_children, {.inline_start = inline_start});
            raised += steps(waiting, 21).template to<std::string>() + "; ";
        }
        return raised;
    });
    CHECK(error == "RuntimeError: no running event loop; RuntimeError: no running event loop; ");
}
