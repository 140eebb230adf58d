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

py::bound streamed(py::python python, const char* name) { return python.import("stream_examples").attr(name); }

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
pyasync::async_generator<int> three() {
    for (int i = 0; i < 3; ++i) {
        if (i == 2) co_await pyasync::uv::sleep(0ms);
        co_yield i;
    }
}
task<> stream_consumed() {
    auto items = co_await on_asyncio([](py::python p) { return pyasync::into_stream(streamed(p, "count_slowly")(3)); });
    while (const auto item = co_await items.next()) {
    }
}
task<> stream_failing() {
    auto items = co_await on_asyncio([](py::python p) { return pyasync::into_stream(streamed(p, "fail_after")(1)); });
    while (const auto item = co_await items.next()) {
    }
}
task<> stream_left() {
    auto items = co_await on_asyncio([](py::python p) { return pyasync::into_stream(streamed(p, "forever")(), 2); });
    co_await items.next();
}
task<> stream_left_waiting() {
    auto items = co_await on_asyncio([](py::python p) { return pyasync::into_stream(streamed(p, "wait_quietly")()); });
    co_await items.next();
}
task<> generator_consumed() { co_await call("stream_examples:collect_all", three()); }
task<> generator_left() { co_await call("stream_examples:take_one", three()); }
task<> generator_closed() { co_await call("stream_examples:take_one_and_close", three()); }
task<> generator_ignored() { co_await call("bridge_examples:ignore", three()); }
task<> channel_consumed() {
    const pyasync::channel<int> numbers(0);
    auto consumer = pyasync::spawn(call("channel_examples:collect", numbers));
    for (int i = 0; i < 3; ++i) co_await numbers.send(i);
    numbers.close();
    co_await std::move(consumer);
}
task<> channel_cancelled() { co_await call("channel_examples:cancel_waiting", pyasync::channel<int>(0), true); }
task<> channel_left() { co_await call("channel_examples:given_but_not_taken", pyasync::channel<int>(2), "drop"); }
task<> channel_refusing() { co_await call("channel_examples:mistakes", pyasync::channel<int>(2)); }
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
    KIND(stream_consumed)
    KIND(stream_failing)
    KIND(stream_left)
    KIND(stream_left_waiting)
    KIND(generator_consumed)
    KIND(generator_left)
    KIND(generator_closed)
    KIND(generator_ignored)
    KIND(channel_consumed)
    KIND(channel_cancelled)
    KIND(channel_left)
    KIND(channel_refusing)
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
