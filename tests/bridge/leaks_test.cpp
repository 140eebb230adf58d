// tests/bridge/leaks_test.cpp: no crossing leaves a Python object behind, however it ends.
// SPDX-License-Identifier: MIT
#include <functional>
#include <stdexcept>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

constexpr int rounds = 2000;

task<> sleep_forever() { co_await pyasync::uv::sleep(1h); }

task<int> next_turn() {
    co_await pyasync::uv::sleep(0ms);
    co_return 1;
}

task<> fail() {
    co_await pyasync::uv::sleep(0ms);
    throw std::out_of_range("x");
}

py::bound example(py::python python, const char* name) { return python.import("bridge_examples").attr(name); }

task<> swallow_errors(task<> body) {
    try {
        co_await std::move(body);
    } catch (const std::exception&) {
    }
}

task<> call_value() { co_await call("bridge_examples:answer"); }
task<> call_later() { co_await call("bridge_examples:later", 1); }
task<> call_function() { co_await call("bridge_examples:plus", 1, py::kw("c") = 2); }
task<> call_failing() { co_await call("bridge_examples:fail", "x"); }
task<> call_failing_later() { co_await call("bridge_examples:fail_later", "x"); }
task<> call_badly() { co_await call<int>("bridge_examples:later", "x"); }
task<> call_observed() { co_await call("bridge_examples:same_task"); }
task<> call_cancelled() {
    auto waiting = pyasync::spawn(call("bridge_examples:wait_quietly"));
    co_await call("asyncio:sleep", 0);
    waiting.cancel();
    co_await std::move(waiting);
}
task<> future_awaited() {
    co_await (co_await on_asyncio([](py::python p) { return pyasync::into_future<int>(example(p, "answer")()); }));
}
task<> future_dropped() {
    static_cast<void>(
        co_await on_asyncio([](py::python p) { return pyasync::into_future<>(example(p, "wait_quietly")()); }));
    co_await call("asyncio:sleep", 0);
}
task<> python_awaits_value() { co_await call("bridge_examples:outcome", next_turn()); }
task<> python_awaits_failure() { co_await call("bridge_examples:outcome", fail()); }
task<> python_drops() {
    co_await call("bridge_examples:plus", 1);
    co_await call("bridge_examples:ignore", sleep_forever());
}
task<> object_dies_here() {
    static_cast<void>(co_await call("bridge_examples:future_of", py::object()));
    co_await call("asyncio:sleep", 0);
}

/// What Python has allocated once everything that is on its way has arrived.
task<long> allocated() {
    constexpr int turns_until_quiet = 10;
    for (int i = 0; i < turns_until_quiet; ++i) co_await call("asyncio:sleep", 0.001);
    co_await call<void>("gc:collect");
    co_return co_await call<long>("sys:getallocatedblocks");
}

}  // namespace

TEST_CASE("two thousand crossings of each kind leave no Python object behind") {
    task<> (*kind)() = nullptr;
    const char* name = "";
#define KIND(function)    \
    SUBCASE(#function) {  \
        kind = &function; \
        name = #function; \
    }
    KIND(call_value)
    KIND(call_later)
    KIND(call_function)
    KIND(call_failing)
    KIND(call_failing_later)
    KIND(call_badly)
    KIND(call_observed)
    KIND(call_cancelled)
    KIND(future_awaited)
    KIND(future_dropped)
    KIND(python_awaits_value)
    KIND(python_awaits_failure)
    KIND(python_drops)
    KIND(object_dies_here)
#undef KIND
    tests::on_loops([kind, name]() -> task<> {
        constexpr int rounds_to_warm_up = 100;
        for (int i = 0; i < rounds_to_warm_up; ++i) co_await swallow_errors(kind());
        const long before = co_await allocated();
        for (int i = 0; i < rounds; ++i) co_await swallow_errors(kind());
        const long after = co_await allocated();
        INFO(name << ": " << before << " blocks before, " << after << " after");
        CHECK(after - before < rounds / 2);  // one block a round would be a leak; caches and free lists settle
    });
}
