// tests/bridge/async_generator_into_py_test.cpp: C++ generators that Python iterates over.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/async_generator_into_py.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/on_loops.hpp"

using pyasync::async_generator;
using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

async_generator<int> count(int last) {
    for (int i = 1; i <= last; ++i) co_yield i;
}

async_generator<int> count_slowly(int last) {
    for (int i = 1; i <= last; ++i) {
        if (i % 3 == 0) co_await pyasync::uv::sleep(i % 2 == 0 ? 0ms : 1ms);
        co_yield i;
    }
}

async_generator<int> fail_after(int last) {
    for (int i = 1; i <= last; ++i) co_yield i;
    co_await pyasync::uv::sleep(0ms);
    throw std::out_of_range("no more");
}

/// Waits behind its items; says how it goes.
async_generator<int> wait_after(int last) {
    for (int i = 1; i <= last; ++i) co_yield i;
    co_await call("stream_examples:record", "waiting");
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    co_await call("stream_examples:record", "cleaned up in C++");
    throw pyasync::cancelled();
}

async_generator<int> wait_for_ever() {
    co_yield 1;
    co_await pyasync::uv::sleep(1h);
}

/// Cleans up, with a co_await, where it is closed at a co_yield.
async_generator<int> clean_up() {
    try {
        for (int i = 1;; ++i) co_yield i;
    } catch (const pyasync::cancelled&) {
    }
    co_await call("stream_examples:record", "cleaned up in C++");
}

async_generator<int> swallow() {
    co_yield 1;
    try {
        co_await call("stream_examples:wait_forever");
    } catch (const pyasync::cancelled&) {
    }
    co_yield 2;
}

/// A function of Python's that makes an iterator of `generator(args...)`, `ahead` items ahead.
template <typename T, typename... Args>
auto function_of(async_generator<T> (*generator)(Args...), std::size_t ahead, Args... args) {
    return on_asyncio(
        [](py::python p, async_generator<T> (*make)(Args...), std::size_t items, Args... with) {
            return py::function(p, "f",
                                [=](py::python q) { return pyasync::async_generator_into_py(q, make(with...), items); })
                .unbind();
        },
        generator, ahead, args...);
}

template <typename R = std::string, typename... Args>
task<R> ask(const char* name, py::object function, Args... args) {
    co_return co_await call<R>("stream_examples:" + std::string(name), std::move(function), args...);
}

task<std::string> events() { co_return co_await call<std::string>("stream_examples:take_events"); }
auto until_event(const char* name) { return call("stream_examples:until_event", name); }

task<> everything_arrives() {
    for (const std::size_t ahead : {0, 1, 2, 7, 64, 1000}) {
        const auto all = co_await ask<std::vector<int>>("collect", co_await function_of(&count, ahead, 500));
        CHECK(all.size() == 500);
        CHECK(all.front() == 1);
        CHECK(all.back() == 500);
        CHECK(co_await ask<std::vector<int>>("collect", co_await function_of(&count, ahead, 0)) == std::vector<int>());
        CHECK(co_await ask<int>("slowly", co_await function_of(&count, ahead, 500)) == 125'250);
        CHECK(co_await ask<int>("slowly", co_await function_of(&count_slowly, ahead, 20)) == 210);
        CHECK(co_await ask("outcome", co_await function_of(&fail_after, ahead, 3)) == "1 2 3 IndexError: no more");
    }
}

}  // namespace

TEST_CASE("async for sees every item, in order, then the end or the exception") { on_loops(everything_arrives); }

TEST_CASE("in debug mode as well") { on_loops(everything_arrives, {.debug = true}); }

PYASYNC_TEST_CASE("what is thrown into a step comes out of it once, and is the end") {
    CHECK(co_await ask("throw_into_step", co_await function_of(&wait_for_ever, 4)) ==
          "1 KeyError stop stop, 1 CancelledError stop stop");
}

PYASYNC_TEST_CASE("a function given to Python may return the generator itself") {
    py::object function =
        co_await on_asyncio([](py::python p) { return py::function(p, "count", [] { return count(3); }).unbind(); });
    const std::vector expected{1, 2, 3};
    CHECK(co_await ask<std::vector<int>>("collect", std::move(function)) == expected);
}

PYASYNC_TEST_CASE("it is an async generator to collections.abc, and has its protocol") {
    CHECK(co_await ask("describe", co_await function_of(&count, 64, 3)) == "True True False");
    for (const std::size_t ahead : {0, 64}) {
        CHECK(co_await ask("protocol", co_await function_of(&count, ahead, 3)) ==
              "1 2 3 stop stop None an async generator of C++ takes no values: only asend(None) is possible "
              "StopAsyncIteration  RuntimeError cannot reuse already awaited anext()");
    }
}

TEST_CASE("it runs no further ahead than agreed, and not before it is wanted") {
    static std::atomic<int> made;
    struct endless {
        static async_generator<int> numbers() {
            for (;;) co_yield ++made;
        }
    };
    on_loops([]() -> task<> {
        for (const int ahead : {0, 1, 8}) {
            made = 0;
            const auto make = co_await function_of(&endless::numbers, static_cast<std::size_t>(ahead));
            const py::object generator = co_await on_asyncio([&](auto p) { return make.bind(p)().unbind(); });
            co_await pyasync::uv::sleep(0ms);
            CHECK(made == 0);
            const auto next = [&](auto p) {
                return pyasync::into_future<int>(generator.bind(p).call_method("__anext__"));
            };
            for (int taken = 1; taken <= 20; ++taken) {
                pyasync::future<int> item = co_await on_asyncio(next);
                CHECK(co_await std::move(item) == taken);
                co_await pyasync::uv::sleep(0ms);
                CHECK(made >= taken);
                CHECK(made <= taken + ahead);
            }
        }
    });
}

PYASYNC_TEST_CASE("a second step while one waits is refused, as Python does it") {
    CHECK(co_await ask("concurrent", co_await function_of(&wait_after, 64, 0)) ==
          "anext(): asynchronous generator is already running; aclose(): asynchronous generator is already "
          "running; True; cancelled");
    co_await events();
}

PYASYNC_TEST_CASE("aclose cancels it where it stands, and waits until it has cleaned up") {
    for (const std::size_t ahead : {0, 4}) {
        CHECK(co_await ask("close_after", co_await function_of(&clean_up, ahead), 2) == "1 2 end");
        CHECK(co_await events() == "cleaned up in C++, closed in Python");
    }
    // In a wait that it is in by itself, ahead of Python.
    CHECK(co_await ask("close_after", co_await function_of(&wait_after, 4, 2), 2) == "1 2 end");
    CHECK((co_await events()).ends_with("cleaned up in C++, closed in Python"));
    // Before it has begun, and after its end.
    CHECK(co_await ask("close_after", co_await function_of(&clean_up, 4), 0) == "end");
    CHECK(co_await events() == "closed in Python");
    CHECK(co_await ask("close_after", co_await function_of(&count, 4, 2), 2) == "1 2 end");
    co_await events();
}

PYASYNC_TEST_CASE("athrow closes it and raises the exception") {
    CHECK(co_await ask("throw_after", co_await function_of(&clean_up, 4), 1) ==
          R"(["ValueError('thrown') True", None])");
    CHECK(co_await events() == "cleaned up in C++");
    CHECK(co_await ask("throw_after", co_await function_of(&clean_up, 4), 0) ==
          R"(["ValueError('thrown') True", None])");
    CHECK(co_await events() == "");
}

PYASYNC_TEST_CASE("one that Python lets go of is cancelled, and unwinds") {
    for (const std::size_t ahead : {0, 4}) {
        co_await ask<void>("leave_after", co_await function_of(&clean_up, ahead), 2);
        co_await until_event("cleaned up in C++");
        co_await events();
    }
    co_await ask<void>("leave_after", co_await function_of(&wait_after, 4, 1), 1);
    co_await until_event("cleaned up in C++");
    co_await events();
    co_await ask<void>("drop_waiting", co_await function_of(&wait_after, 4, 1), "waiting");
    co_await until_event("cleaned up in C++");
    co_await events();
}

PYASYNC_TEST_CASE("cancelling the Python task waits until C++ has unwound, and C++ may swallow it") {
    CHECK(co_await ask("cancel_when", co_await function_of(&wait_after, 4, 2), "waiting") == "1 2 cancelled");
    CHECK(co_await events() == "waiting, cleaned up in C++, seen by Python");
    CHECK(co_await ask("cancel_when", co_await function_of(&swallow, 4), "waiting") == "1 2 end");
    co_await events();
    CHECK(co_await ask("time_out", co_await function_of(&wait_after, 4, 2)) == "timed out");
    co_await events();
}

TEST_CASE("its exceptions have the frames of both languages") {
    struct failing {
        static async_generator<int> numbers() {
            co_yield 1;
            co_await call("bridge_examples:fail_later", "from afar");
        }
    };
    on_loops([]() -> task<> {
        const std::string report = co_await ask("traceback_of", co_await function_of(&failing::numbers, 4));
        CHECK(report.find("in traceback_of") != std::string::npos);
        CHECK(report.find("async_generator_into_py_test.cpp\", line") != std::string::npos);
        CHECK(report.find("generator_feed.hpp") == std::string::npos);
        CHECK(report.find("in fail_later") != std::string::npos);
        CHECK(report.ends_with("ValueError: from afar\n"));
    });
}

TEST_CASE("a StopAsyncIteration that leaves it is an error, not its end") {
    struct failing {
        static async_generator<int> numbers() {
            co_yield 1;
            co_await on_asyncio([](py::python p) { p.import("stream_examples").attr("stop")(); });
        }
    };
    on_loops([]() -> task<> {
        CHECK(co_await ask("outcome", co_await function_of(&failing::numbers, 4)) ==
              "1 RuntimeError: async generator raised StopAsyncIteration()");
    });
}

TEST_CASE("Python's context variables are seen by Python that it calls") {
    struct asking {
        static async_generator<std::string> tags() {
            co_yield co_await call<std::string>("stream_examples:get_tag");
            co_await pyasync::uv::sleep(0ms);
            co_yield co_await call<std::string>("stream_examples:get_tag");
        }
    };
    on_loops([]() -> task<> {
        py::object function = co_await function_of(&asking::tags, 4);
        const std::vector<std::string> expected(2, "r-17");
        CHECK(co_await call<std::vector<std::string>>("stream_examples:with_tag", "r-17", std::move(function)) ==
              expected);
    });
}

PYASYNC_TEST_CASE("there and back: a C++ generator as a C++ stream, through Python") {
    const auto make = co_await function_of(&count, 64, 1000);
    auto numbers = co_await on_asyncio([&](auto p) { return pyasync::into_stream<int>(make.bind(p)()); });
    long sum = 0;
    while (const auto number = co_await numbers.next()) sum += *number;
    CHECK(sum == 500'500);
}

TEST_CASE("without a running loop, awaiting it is Python's own error") {
    pyasync::with_gil([](auto p) {
        const py::bound generator = p.value(count(1));
        try {
            generator.call_method("__anext__").call_method("send", p.none());
            FAIL("nothing was raised");
        } catch (const py::python_error& error) {
            CHECK(std::string(error.what()) == "RuntimeError: no running event loop");
        }
    });
}

TEST_CASE("one that is left when the program's run ends is cancelled with it") {
    py::object left;
    on_loops([&left]() -> task<> {
        const auto make = co_await function_of(&clean_up, 4);
        left = co_await on_asyncio([&](auto p) { return make.bind(p)().unbind(); });
        const auto next = [&](auto p) { return pyasync::into_future<int>(left.bind(p).call_method("__anext__")); };
        pyasync::future<int> item = co_await on_asyncio(next);
        CHECK(co_await std::move(item) == 1);
    });
    pyasync::with_gil([&](auto p) {
        p.import("stream_examples").attr("take_events")();
        left.reset();
    });
}

TEST_CASE("a loop that is closed with work in flight cancels it") {
    pyasync::with_gil([](auto p) {
        const py::bound loop = p.import("asyncio").attr("new_event_loop")();
        py::object left;
        pyasync::run_until_complete(p, loop, [](py::object& kept) -> task<> {
            const auto make = co_await function_of(&wait_after, 4, 1);
            kept = co_await on_asyncio([&](auto q) { return make.bind(q)().unbind(); });
            const auto next = [&](auto q) { return pyasync::into_future<int>(kept.bind(q).call_method("__anext__")); };
            pyasync::future<int> item = co_await on_asyncio(next);
            CHECK(co_await std::move(item) == 1);
            co_await until_event("waiting");
        }(left));
        loop.call_method("close");
        left.reset();
        p.import("stream_examples").attr("take_events")();
    });
}
