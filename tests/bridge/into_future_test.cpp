// tests/bridge/into_future_test.cpp: Python awaitables as C++ futures.
// SPDX-License-Identifier: MIT
#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::future;
using pyasync::into_future;
using pyasync::on_asyncio;
using pyasync::task;
namespace py = pyasync::py;

namespace {

py::bound example(py::python python, const char* name) { return python.import("bridge_examples").attr(name); }

task<std::string> events() { co_return co_await call<std::string>("bridge_examples:take_events"); }

}  // namespace

PYASYNC_TEST_CASE("made with the GIL taken here, and on the asyncio thread") {
    future<int> here = pyasync::with_gil([](auto p) { return into_future<int>(example(p, "answer")()); });
    CHECK(co_await std::move(here) == 42);
    future<std::string> there =
        co_await on_asyncio([](auto p) { return into_future<std::string>(example(p, "later")("x")); });
    CHECK(co_await std::move(there) == "x");
}

PYASYNC_TEST_CASE("coroutines, Futures, Tasks and objects with __await__") {
    auto pending = co_await on_asyncio([](auto p) { return into_future<int>(example(p, "future_of")(5)); });
    CHECK(co_await std::move(pending) == 5);
    auto running = co_await on_asyncio(
        [](auto p) { return into_future<int>(p.import("asyncio").attr("create_task")(example(p, "later")(6))); });
    CHECK(co_await std::move(running) == 6);
    auto object = co_await on_asyncio([](auto p) { return into_future<std::string>(example(p, "Awaitable")()); });
    CHECK(co_await std::move(object) == "awaited");
}

PYASYNC_TEST_CASE("what cannot be awaited raises a TypeError at the call") {
    const std::string message = co_await on_asyncio([](auto p) -> std::string {
        try {
            into_future(p.value(17)).cancel();
        } catch (const py::python_error& error) {
            return error.what();
        }
        return "";
    });
    CHECK(message == "TypeError: object int can't be used in 'await' expression: 17");
}

PYASYNC_TEST_CASE("a coroutine awaited twice gives Python's own error") {
    const py::object coroutine = co_await on_asyncio([](auto p) { return example(p, "answer")().unbind(); });
    const auto again = [&] { return on_asyncio([&](auto p) { return into_future<int>(coroutine.bind(p)); }); };
    CHECK(co_await (co_await again()) == 42);
    CHECK(co_await tests::error_of(co_await again()) == "RuntimeError: cannot reuse already awaited coroutine");
}

PYASYNC_TEST_CASE(
    "a coroutine awaited twice at the same time: one gets the value, the other one the error, and both end") {
    const auto both = [](py::python p) {
        const py::bound coroutine = example(p, "later")(7);
        return std::pair(into_future<int>(coroutine), into_future<int>(coroutine));
    };
    auto [first, second] = co_await on_asyncio(both);
    const std::string one = co_await tests::error_of(std::move(first));
    const std::string other = co_await tests::error_of(std::move(second));
    CHECK(one + other == "RuntimeError: cannot reuse already awaited coroutine");
}

PYASYNC_TEST_CASE("a Future that is yielded without await is Python's own error") {
    const std::string message = co_await tests::error_of(call("bridge_examples:yield_without_await"));
    CHECK(message.find("RuntimeError: yield was used instead of yield from in task") != std::string::npos);
}

PYASYNC_TEST_CASE("cancelling the future, and destroying it, cancels the Python side") {
    future<> waiting = co_await on_asyncio([](auto p) { return into_future<void>(example(p, "wait_forever")()); });
    co_await call("bridge_examples:until_waiting");
    waiting.cancel();
    CHECK_THROWS_AS(co_await std::move(waiting), pyasync::cancelled);
    CHECK(co_await events() == "waiting, cancelled, cleaned up, ended");
    {
        future<> dropped = co_await on_asyncio([](auto p) { return into_future<void>(example(p, "wait_forever")()); });
        co_await call("bridge_examples:until_waiting");
    }
    co_await call("bridge_examples:until_event", "ended");
    CHECK(co_await events() == "waiting, cancelled, cleaned up, ended");
}

PYASYNC_TEST_CASE("one that is cancelled before it has begun never begins, and leaves no warning") {
    future<> waiting = co_await on_asyncio([](auto p) {
        future<> made = into_future<void>(example(p, "wait_forever")());
        made.cancel();
        return made;
    });
    CHECK_THROWS_AS(co_await std::move(waiting), pyasync::cancelled);
    const auto seen = co_await events();
    CHECK((seen.empty() || seen == "waiting, cancelled, cleaned up, ended"));
}

PYASYNC_TEST_CASE("a detached one runs to its end") {
    co_await on_asyncio([](auto p) { into_future<void>(example(p, "set_request_id_later")("x")).detach(); });
    (co_await on_asyncio([](auto p) { return into_future<void>(example(p, "swallow_cancellation")()); })).cancel();
    co_await events();
}

TEST_CASE("where there is no loop yet, it begins when a task awaits it") {
    pyasync::with_gil([](auto p) {
        auto lazy = into_future<int>(example(p, "later")(9));
        CHECK_FALSE(lazy.done());
        const int value =
            pyasync::run(p, [](future<int> f) -> task<int> { co_return co_await std::move(f); }(std::move(lazy)));
        CHECK(value == 9);
    });
}

TEST_CASE("one that is cancelled before there is a loop is cancelled when it begins") {
    pyasync::with_gil([](auto p) {
        auto lazy = into_future<void>(example(p, "wait_quietly")());
        lazy.cancel();
        CHECK_THROWS_AS(pyasync::run(p, [](future<> f) -> task<> { co_await std::move(f); }(std::move(lazy))),
                        pyasync::cancelled);
    });
}

PYASYNC_TEST_CASE("a Future of another loop is refused with a reason") {
    auto foreign = co_await on_asyncio([](auto p) {
        const py::bound other = p.import("asyncio").attr("new_event_loop")();
        const py::bound stray = other.call_method("create_future");
        other.call_method("close");
        return into_future(stray);
    });
    const std::string message = co_await tests::error_of(std::move(foreign));
    CHECK(message.find("is attached to a different loop than the C++ task") != std::string::npos);
}
