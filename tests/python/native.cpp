// tests/python/native.cpp: an extension module with one function for each thing that Python's tests look at.
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;
using pyasync::task;

namespace {

using seconds = std::chrono::duration<double>;

/// How many coroutines are under way that have one.
std::atomic<int> under_way{0};
struct counted {
    counted() { ++under_way; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --under_way; }
};

task<int> cpp_sleep(seconds length) {
    const counted here;
    co_await pyasync::uv::sleep(length);
    co_return 42;
}

task<py::object> give_back(py::object value) {
    co_await pyasync::uv::sleep(0ms);
    co_return value;
}

task<> fail(std::string message) {
    co_await pyasync::uv::sleep(0ms);
    throw std::runtime_error(message);
}

task<> fail_with_value_error(std::string message) {
    co_await pyasync::uv::sleep(0ms);
    throw std::invalid_argument(message);
}

/// Needs a while to end, on both sides.
task<> clean_up_slowly(py::object event) {
    const counted here;
    bool interrupted = false;
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
        interrupted = true;
    }
    co_await pyasync::uv::sleep(10ms);
    co_await pyasync::on_asyncio([](py::python p, const py::object& set) { set.bind(p)(); }, std::move(event));
    if (interrupted) throw pyasync::cancelled();
}

task<std::string> swallow_cancellation() {
    const counted here;
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    co_return "not me";
}

task<py::object> await_what(py::object awaitable) {
    auto running = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& a) { return pyasync::into_future(a.bind(p)); }, std::move(awaitable));
    co_return co_await std::move(running);
}

task<py::object> call_and_await(py::object callable) {
    auto running = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& c) { return pyasync::into_future(c.bind(p)()); }, std::move(callable));
    co_return co_await std::move(running);
}

task<py::object> awaited(pyasync::future<py::object> running) { co_return co_await std::move(running); }

/// Awaits a coroutine to its end, where no loop runs yet.
py::object await_coro(const py::bound& coroutine) {
    const py::python p = coroutine.py();
    pyasync::future<py::object> running = pyasync::into_future(coroutine);
    return pyasync::run(p, awaited(std::move(running)));
}

/// The same for a callable that makes the coroutine, on a loop of the caller's.
py::object await_callable(const py::bound& callable, const py::bound& loop) {
    pyasync::future<py::object> running = pyasync::into_future(callable());
    return pyasync::run_until_complete(loop.py(), loop, awaited(std::move(running)));
}

pyasync::async_generator<int> ticks(int count, seconds interval) {
    const counted here;
    for (int i = 0; i < count; ++i) {
        if (interval > 0s) co_await pyasync::uv::sleep(interval);
        co_yield i;
    }
}

pyasync::async_generator<int> stubborn_ticks() {
    const counted here;
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    for (int i = 0;; ++i) co_yield i;
}

pyasync::async_generator<std::string> repeat(const std::string& text, int times) {
    for (int i = 0; i < times; ++i) co_yield text;
    throw std::out_of_range("no more " + text);
}

task<long> total(py::object numbers) {
    auto values = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& n) { return pyasync::into_stream<long>(n.bind(p)); }, std::move(numbers));
    long sum = 0;
    while (const auto value = co_await values.next()) sum += *value;
    co_return sum;
}

task<long> first_of(py::object numbers) {
    auto values = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& n) { return pyasync::into_stream<long>(n.bind(p)); }, std::move(numbers));
    co_return (co_await values.next()).value();
}

/// A coroutine that refers to its arguments.
task<std::string> join(const std::string& first, const std::string& second, int times) {
    std::string joined;
    for (int i = 0; i < times; ++i) {
        co_await pyasync::uv::sleep(0ms);
        joined += first + second;
    }
    co_return joined;
}

task<long> add_up(py::buffer data, seconds delay) {
    const counted here;
    co_await pyasync::uv::sleep(delay);
    long sum = 0;
    for (const std::byte each : data.bytes()) sum += static_cast<long>(each);
    co_return sum;
}

task<> fill(py::writable_buffer data, int value) {
    co_await pyasync::uv::sleep(0ms);
    for (std::byte& each : data.bytes()) each = static_cast<std::byte>(value);
}

task<py::object> current_loop() {
    co_await pyasync::uv::sleep(0ms);
    co_return co_await pyasync::on_asyncio([](py::python p) { return pyasync::get_current_loop(p).unbind(); });
}

task<> stop_loop() {
    co_await pyasync::uv::sleep(1ms);
    co_await pyasync::on_asyncio([](py::python p) { pyasync::get_current_loop(p).call_method("stop"); });
}

task<int> at_once(int value) { co_return value; }

task<int> at_once_or_later(int value, bool later) {
    if (later) co_await pyasync::uv::sleep(1ms);
    co_return value;
}

task<py::object> call_back(const py::object& function) {
    co_return co_await pyasync::on_asyncio([&function](py::python p) { return function.bind(p)().unbind(); });
}

task<py::object> read_variable(py::object variable) {
    co_await pyasync::uv::sleep(0ms);
    co_return co_await pyasync::on_asyncio(
        [](py::python p, const py::object& v) { return v.bind(p).call_method("get").unbind(); }, std::move(variable));
}

task<int> sleep_within(seconds limit, seconds length) { co_return co_await pyasync::timeout(limit, cpp_sleep(length)); }

task<std::vector<int>> sleep_all(std::vector<seconds> lengths) {
    co_return co_await pyasync::when_all(lengths | std::views::transform(cpp_sleep));
}

task<> fail_twice(std::string first, std::string second) {
    co_await pyasync::when_all(fail_with_value_error(std::move(first)), fail(std::move(second)));
}

task<> produce(pyasync::channel<int> to, int count) {
    const counted here;
    for (int i = 0; i < count; ++i) co_await to.send(i);
    to.close();
}

task<std::vector<int>> consume(pyasync::channel<int> from) {
    const counted here;
    std::vector<int> all;
    while (const auto item = co_await from.receive()) all.push_back(*item);
    co_return all;
}

}  // namespace

PYASYNC_MODULE(native, m) {
    m.doc("What the tests of extension modules import.");
    m.attr("__version__") = "1.2.3";
    m.attr("limits") = std::vector{1, 2, 3};

    m.def("sleep", &cpp_sleep, {"seconds"}, "Sleep for that many seconds, then return 42.");
    m.def("give_back", &give_back, {"value"});
    m.def("fail", &fail, {"message"});
    m.def("fail_with_value_error", &fail_with_value_error, {"message"});
    m.def("clean_up_slowly", &clean_up_slowly, {"event"});
    m.def("swallow_cancellation", &swallow_cancellation);
    m.def("await_what", &await_what, {"awaitable"});
    m.def("call_and_await", &call_and_await, {"callable"});
    m.def("await_coro", &await_coro, {"coroutine"});
    m.def("await_callable", &await_callable, {"callable", "loop"});
    m.def("ticks", &ticks, {"count", pyasync::arg("interval") = 0.0}, "Count up.");
    m.def("stubborn_ticks", &stubborn_ticks, "Count up for ever, once a cancellation has been swallowed.");
    m.def("repeat", &repeat, {"text", "times"});
    m.def("total", &total, {"numbers"});
    m.def("first_of", &first_of, {"numbers"});
    m.def("join", &join, {"first", "second", pyasync::arg("times") = 1}, "Join two texts.");
    m.def("add_up", &add_up, {"data", pyasync::arg("delay") = 0.0});
    m.def("fill", &fill, {"data", "value"});
    m.def("current_loop", &current_loop);
    m.def("stop_loop", &stop_loop);
    m.def("at_once", &at_once, {"value"}, "", {.inline_start = true});
    m.def("at_once_or_later", &at_once_or_later, {"value", pyasync::arg("later") = false}, "", {.inline_start = true});
    m.def("call_back", &call_back, {"function"});
    m.def("call_back_inline", &call_back, {"function"}, "", {.inline_start = true});
    m.def("read_variable", &read_variable, {"variable"});
    m.def("dump_tasks", &pyasync::dump_tasks, "Which task waits for what.");

    m.def("sleep_within", &sleep_within, {"limit", "length"});
    m.def("sleep_all", &sleep_all, {"lengths"});
    m.def("sleep_all_inline", &sleep_all, {"lengths"}, "", {.inline_start = true});
    m.def("sleep_within_inline", &sleep_within, {"limit", "length"}, "", {.inline_start = true});
    m.def("fail_twice", &fail_twice, {"first", "second"});

    m.def("make_channel", [](std::size_t capacity) { return pyasync::channel<int>(capacity); }, {"capacity"});
    m.def("produce", &produce, {"to", "count"});
    m.def("consume", &consume, {"source"});
    m.def("consume_inline", &consume, {"source"}, "", {.inline_start = true});

    // Captures, too, live as long as the coroutine.
    m.def("greet",
          [greeting = std::string("Good morning, dear ")](std::string name) -> task<std::string> {
              co_await pyasync::uv::sleep(1ms);
              co_return greeting + name;
          },
          {"name"});

    m.def("hot", [](py::python p, seconds length) { return pyasync::future_into_py(p, cpp_sleep(length)); },
          {"seconds"});
    m.def("hot_on",
          [](py::python p, const py::bound& loop, seconds length) {
              return pyasync::future_into_py(p, pyasync::task_locals::with_loop(loop).copy_context(p),
                                             cpp_sleep(length));
          },
          {"loop", "seconds"});
    m.def("add", [](int a, int b) { return a + b; });
    m.def(
        "scale", [](double value, double by) { return value * by; }, {"value", pyasync::arg("by") = 2.0}, "Multiply.");
    m.def("maybe", [](std::optional<int> value) { return value.value_or(-1); }, {pyasync::arg("value") = std::nullopt});
    m.def(
        "libuv_versions", [] { return std::pair(uv_version(), unsigned{UV_VERSION_HEX}); },
        "Of the libuv that is called, and of the one that this was built with.");
    m.def("under_way", [] { return under_way.load(); }, "How many sleeps and generators are under way.");
}
