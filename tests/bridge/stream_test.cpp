// tests/bridge/stream_test.cpp: Python async iterables as C++ streams: items, read-ahead, errors, leaving early.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/stream.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::into_stream;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::stream;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

py::bound example(py::python python, const char* name) { return python.import("stream_examples").attr(name); }

/// The stream over what a function of the examples returns.
template <typename T, typename... Args>
auto stream_of(const char* name, std::size_t read_ahead, Args... args) {
    return on_asyncio([](py::python p, const char* what, std::size_t ahead,
                         Args... with) { return into_stream<T>(example(p, what)(with...), ahead); },
                      name, read_ahead, args...);
}

task<long> sum_of(stream<int> numbers) {
    long sum = 0;
    while (const auto number = co_await numbers.next()) sum += *number;
    co_return sum;
}

task<std::string> events() { co_return co_await call<std::string>("stream_examples:take_events"); }
auto until_event(const char* name) { return call("stream_examples:until_event", name); }

/// The items as text, then how it ended.
template <typename T>
task<std::string> all_of(stream<T>& items) {
    std::string seen;
    std::string end = "end";
    try {
        while (auto item = co_await items.next()) {
            if constexpr (std::is_same_v<T, std::string>) {
                seen += *item + " ";
            } else {
                seen += std::to_string(*item) + " ";
            }
        }
    } catch (const py::python_error& error) {
        const std::string what = error.what();
        end = what.substr(what.rfind('\n') + 1);
    } catch (const pyasync::cancelled&) {
        end = "cancelled";
    }
    co_return seen + end;
}

}  // namespace

PYASYNC_TEST_CASE("every item arrives, in order, whatever the read-ahead, whether it waits or not") {
    for (const std::size_t ahead : {0, 1, 2, 7, 64, 1000}) {
        CHECK(co_await sum_of(co_await stream_of<int>("count", ahead, 1000)) == 500'500);
        CHECK(co_await sum_of(co_await stream_of<int>("count_slowly", ahead, 50)) == 1275);
    }
    auto none = co_await stream_of<int>("count", 64, 0);
    CHECK(co_await all_of(none) == "end");
}

TEST_CASE("in debug mode, and with a task factory, all is the same") {
    const auto body = []() -> task<> {
        for (const std::size_t ahead : {0, 1, 64}) {
            CHECK(co_await sum_of(co_await stream_of<int>("count", ahead, 200)) == 20'100);
            CHECK(co_await sum_of(co_await stream_of<int>("count_slowly", ahead, 50)) == 1275);
            auto failing = co_await stream_of<int>("fail_after", ahead, 2);
            CHECK(co_await all_of(failing) == "1 2 ValueError: no more");
            {
                auto left = co_await stream_of<int>("count_and_record", ahead, 1000);
                co_await left.next();
            }
            co_await until_event("closed");
            co_await events();
        }
    };
    on_loops(body, {.debug = true});
    on_loops([body]() -> task<> {
        co_await call("stream_examples:install_factory");
        co_await body();
    });
}

PYASYNC_TEST_CASE("nothing is stepped before it is wanted, and then no further ahead than agreed") {
    for (const std::size_t ahead : {0, 1, 4}) {
        auto items = co_await stream_of<int>("count_and_record", ahead, 1000);
        for (int i = 0; i < 5; ++i) co_await call("asyncio:sleep", 0);
        CHECK(co_await events() == "");
        CHECK(*co_await items.next() == 1);
        for (int i = 0; i < 5; ++i) co_await call("asyncio:sleep", 0);
        // With read-ahead the driver goes on when half of the items are gone; the first one may have been gone before
        // there were so many.
        const std::string seen = co_await events();
        INFO("ahead " << ahead << ": " << seen);
        CHECK((seen == (ahead < 4 ? "1" : "1, 2, 3, 4") || (ahead == 1 && seen == "1, 2") ||
               (ahead == 4 && seen == "1, 2, 3, 4, 5")));
        {
            const auto left = std::move(items);
        }
        co_await until_event("closed");
        co_await events();
    }
}

PYASYNC_TEST_CASE("the iterable's exception arrives behind the items before it, with its traceback, and is the end") {
    for (const std::size_t ahead : {0, 1, 64}) {
        auto at_once = co_await stream_of<int>("fail_after", ahead, 3);
        CHECK(co_await all_of(at_once) == "1 2 3 ValueError: no more");
        CHECK(co_await all_of(at_once) == "end");
    }
    auto later = co_await on_asyncio(
        [](py::python p) { return into_stream<int>(example(p, "fail_after")(1, py::kw("later") = true)); });
    CHECK(*co_await later.next() == 1);
    const std::string report = co_await tests::error_of(later.next());
    CHECK(report.find("in fail_after") != std::string::npos);
    CHECK(report.ends_with("ValueError: no more"));
}

PYASYNC_TEST_CASE("an item that does not convert is named, and the iterable is closed") {
    for (const std::size_t ahead : {0, 64}) {
        auto items = co_await stream_of<int>("of_kinds", ahead);
        const std::string seen = co_await all_of(items);
        CHECK(seen.starts_with("1 TypeError: item of the stream: "));
        CHECK_FALSE((co_await items.next()).has_value());
        co_await until_event("closed");
        co_await events();
    }
}

PYASYNC_TEST_CASE("what is no async iterable is refused at once") {
    const auto refusal = [](auto make) -> task<std::string> {
        std::string message;
        try {
            static_cast<void>(co_await on_asyncio(make));
        } catch (const py::python_error& error) {
            message = error.what();
        }
        co_return message;
    };
    const auto number = [](py::python p) { return into_stream<int>(p.value(1)); };
    CHECK((co_await refusal(number))
              .ends_with("TypeError: 'async for' requires an object with __aiter__ method, got int"));
    const auto bad = [](py::python p) { return into_stream<int>(example(p, "NoIterator")()); };
    CHECK((co_await refusal(bad)).find("that does not implement __anext__: int") != std::string::npos);
    auto odd = co_await stream_of<int>("NotAwaitable", 64);
    CHECK((co_await all_of(odd)).find("that does not implement __await__: int") != std::string::npos);
}

PYASYNC_TEST_CASE("leaving early closes the iterable, wherever it is") {
    for (const std::size_t ahead : {0, 4}) {
        {  // between two items
            auto items = co_await stream_of<int>("count_and_record", ahead, 1000);
            co_await items.next();
            co_await call("asyncio:sleep", 0);
        }
        co_await until_event("closed");
        CHECK((co_await events()).ends_with("GeneratorExit, closed"));
    }
    {  // on a thread that has neither loop
        auto items = co_await stream_of<int>("count_and_record", 0, 1000);
        co_await items.next();
        std::thread([&items] { const auto dies = std::move(items); }).join();
    }
    co_await until_event("closed");
    co_await events();
    {  // in a step that nobody waits for
        auto items = co_await stream_of<int>("wait_after", 64, 1);
        co_await items.next();
        co_await until_event("waiting");
    }
    co_await until_event("ended");
    CHECK(co_await events() == "waiting, cancelled, ended");
    {  // before it has begun
        static_cast<void>(co_await stream_of<int>("count_and_record", 64, 3));
    }
    co_await call("asyncio:sleep", 0.001);
    CHECK(co_await events() == "");
}

PYASYNC_TEST_CASE("one that swallows its cancellation is closed all the same") {
    {
        auto items = co_await on_asyncio(
            [](py::python p) { return into_stream<int>(example(p, "wait_after")(1, py::kw("swallow") = true)); });
        co_await items.next();
        co_await until_event("waiting");
    }
    co_await until_event("ended");
    CHECK(co_await events() == "waiting, cancelled, ended");
}

PYASYNC_TEST_CASE("an error while closing is reported by the loop") {
    const auto leave = co_await on_asyncio([](py::python p) {
        const auto body = []() -> task<> {
            auto items = co_await stream_of<int>("fail_while_closing", 0);
            co_await items.next();
        };
        return py::function(p, "leave", body).unbind();
    });
    auto copy = co_await on_asyncio([&](auto p) { return leave.clone(p); });
    CHECK(co_await call<std::string>("stream_examples:reported", std::move(copy)) ==
          "an error while closing the iterable of a pyasync.stream: KeyError('while closing')");
}

PYASYNC_TEST_CASE("cancelling the task that awaits next cancels the step, waits, and throws") {
    for (const std::size_t ahead : {0, 64}) {
        auto items = co_await stream_of<int>("wait_after", ahead, 2);
        auto consumer = spawn(all_of(items));
        co_await until_event("waiting");
        consumer.cancel();
        CHECK(co_await std::move(consumer) == "1 2 cancelled");
        CHECK(co_await events() == "waiting, cancelled, ended");
        CHECK_FALSE((co_await items.next()).has_value());  // a generator has ended then
    }
}

PYASYNC_TEST_CASE("a cancellation that the iterable swallows gives the item") {
    auto items = co_await on_asyncio(
        [](py::python p) { return into_stream<int>(example(p, "wait_after")(1, py::kw("swallow") = true)); });
    auto consumer = spawn(all_of(items));
    co_await until_event("waiting");
    consumer.cancel();
    CHECK(co_await std::move(consumer) == "1 -1 end");
    co_await events();
}

PYASYNC_TEST_CASE("an iterator that is no generator goes on after a cancelled step") {
    auto items = co_await stream_of<int>("Numbers", 64);
    auto consumer = spawn(all_of(items));
    co_await until_event("waiting");
    consumer.cancel();
    CHECK(co_await std::move(consumer) == "1 cancelled");
    CHECK(co_await all_of(items) == "3 end");
    co_await events();
}

PYASYNC_TEST_CASE("a cancellation loses no item") {
    auto items = co_await stream_of<int>("count", 64, 3);
    auto consumer = spawn(all_of(items));
    consumer.cancel();
    std::string seen = co_await std::move(consumer);
    if (seen.ends_with("cancelled")) {
        seen.resize(seen.size() - std::string("cancelled").size());
        seen += co_await all_of(items);
    }
    CHECK(seen == "1 2 3 end");
}

PYASYNC_TEST_CASE("one Task steps the iterable throughout, so timeouts within it work") {
    for (const std::size_t ahead : {0, 1, 4, 64}) {
        auto same = co_await stream_of<bool>("whose_task", ahead, 200);
        int count = 0;
        bool all = true;
        while (const auto is_same = co_await same.next()) {
            ++count;
            all = all && *is_same;
        }
        CHECK(all);
        CHECK(count == 200);
        auto timed = co_await stream_of<int>("within_timeout", ahead, 3);
        CHECK(co_await all_of(timed) == "1 2 3 0 end");
    }
}

PYASYNC_TEST_CASE("a timeout that expires while nobody wants an item is thrown where the generator stands") {
    auto items = co_await stream_of<std::string>("idle_timeout", 1);
    CHECK(*co_await items.next() == "first");
    co_await until_event("timed out");
    const std::string rest = co_await all_of(items);
    CHECK((rest == "second late end" || rest == "late end"));  // was the second made before it expired?
    co_await events();
}

PYASYNC_TEST_CASE("what a generator yields when timeouts expire in it goes beyond the read-ahead, and is not lost") {
    auto items = co_await stream_of<int>("idle_timeouts", 1);
    CHECK(*co_await items.next() == 1);
    co_await until_event("timed out 5");
    const std::string rest = co_await all_of(items);
    INFO(rest);
    CHECK((rest == "10 2 3 4 5 end" || rest == "2 3 4 5 end"));
    co_await events();
}

PYASYNC_TEST_CASE("whatever __anext__ returns is awaited") {
    auto sevens = co_await stream_of<int>("Futures", 4);
    for (int i = 0; i < 20; ++i) CHECK(*co_await sevens.next() == 7);
}

PYASYNC_TEST_CASE("it runs in the context of the task that made it, or in the one that it is given") {
    co_await call("stream_examples:set_tag", "mine");
    auto mine = co_await stream_of<std::string>("tags", 64);
    CHECK(co_await all_of(mine) == "mine mine mine end");
    auto other = co_await on_asyncio([](py::python p) {
        const auto locals = pyasync::task_locals::with_running_loop(p);
        return into_stream<std::string>(locals, example(p, "tags")());
    });
    CHECK(co_await all_of(other) == "none none none end");
}

TEST_CASE("where there is no loop yet, it runs on that of the task that awaits it") {
    pyasync::with_gil([](auto p) {
        auto early = into_stream<int>(example(p, "count_slowly")(10));
        CHECK(pyasync::run(p, sum_of(std::move(early))) == 55);
        static_cast<void>(into_stream<int>(example(p, "count")(10)));  // never awaited
    });
}

PYASYNC_TEST_CASE("a second next while one waits is refused") {
    auto items = co_await stream_of<int>("wait_after", 64, 0);
    auto first = spawn(all_of(items));
    co_await until_event("waiting");
    CHECK_THROWS_AS(co_await items.next(), std::logic_error);
    first.cancel();
    CHECK(co_await std::move(first) == "cancelled");
    co_await events();
}

TEST_CASE("a loop that is closed ends it with a clear error, and lets go of what it has read") {
    bool debug = false;
    SUBCASE("by steps of its own") {}
    SUBCASE("in a task of the loop's") { debug = true; }
    pyasync::with_gil([debug](auto p) {
        const auto loop = p.import("asyncio").attr("new_event_loop")();
        loop.call_method("set_debug", debug);
        std::optional<stream<int>> left;
        std::optional<stream<int>> never;
        pyasync::run_until_complete(p, loop, [](auto& begun, auto& unbegun) -> task<> {
            begun.emplace(co_await stream_of<int>("wait_after", 64, 1));
            unbegun.emplace(co_await stream_of<int>("count", 64, 1));
            co_await begun->next();
            co_await until_event("waiting");
        }(left, never));
        loop.call_method("close");
        const auto error_from = [](stream<int>& items) -> task<std::string> {
            std::string message;
            try {
                co_await items.next();
            } catch (const std::runtime_error& error) {
                message = error.what();
            }
            co_return message;
        };
        CHECK(pyasync::run(p, error_from(*left)).find("the event loop of this task is closed") != std::string::npos);
        CHECK(pyasync::run(p, error_from(*never)).find("the event loop of this task is closed") != std::string::npos);
        const auto left_to_step = example(p, "step_what_is_left")(loop).template to<std::string>();
        CHECK(left_to_step.ends_with(debug ? "<pyasync.stream that has ended>" : ""));
        CHECK(example(p, "generators")("wait_after").template to<int>() == 0);
        left.reset();
        never.reset();
        p.import("gc").attr("collect")();
        example(p, "take_events")();
    });
}

TEST_CASE("one that is left when the program's run ends is closed with it") {
    std::optional<stream<int>> left;
    on_loops([&left]() -> task<> {
        left.emplace(co_await stream_of<int>("wait_after", 64, 1));
        co_await left->next();
        co_await until_event("waiting");
    });
    left.reset();
    pyasync::with_gil(
        [](auto p) { CHECK(example(p, "take_events")().template to<std::string>() == "waiting, cancelled, ended"); });
}

PYASYNC_TEST_CASE("it may be handed from task to task") {
    auto items = co_await stream_of<int>("count", 8, 1000);
    const auto part = [](stream<int>* from) -> task<long> {
        long sum = 0;
        for (int i = 0; i < 100; ++i) sum += *co_await from->next();
        co_return sum;
    };
    long sum = 0;
    for (int i = 0; i < 10; ++i) sum += co_await spawn(part(&items));
    CHECK(sum == 500'500);
    CHECK_FALSE((co_await items.next()).has_value());
}
