// tests/bridge/structured_test.cpp: when_all, when_any, task_group and timeout, with Python in them and around them.
// SPDX-License-Identifier: MIT
#include <atomic>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::task;
using pyasync::timeout;
using pyasync::when_all;
using pyasync::when_any;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

task<std::string> request_id() { co_return co_await call<std::string>("bridge_examples:get_request_id"); }

task<> set_request_id(std::string value) { co_await call("bridge_examples:set_request_id", std::move(value)); }

task<std::string> events() { co_return co_await call<std::string>("bridge_examples:take_events"); }

/// What Python says of the task's end.
task<std::string> seen_by_python(task<> body) {
    co_return co_await call<std::string>("bridge_examples:outcome", std::move(body));
}

task<> fail(const char* message) {
    co_await pyasync::uv::sleep(0ms);
    throw std::out_of_range(message);
}

/// What a Python function of the tests raises.
task<> raise(const char* function) { co_await call("structured_examples:" + std::string(function)); }

}  // namespace

PYASYNC_TEST_CASE("calls in when_all run at once, and give their values") {
    auto [one, two, three] =
        co_await when_all(call<int>("bridge_examples:answer"), call<int>("bridge_examples:later", 2),
                          call<int>("bridge_examples:plus", 1, 2));
    CHECK(one + two + three == 47);
    const auto later = [](int n) { return call<int>("bridge_examples:later", n); };
    const std::vector<int> many = co_await when_all(std::views::iota(0, 100) | std::views::transform(later));
    CHECK(many.size() == 100);
    CHECK(many.back() == 99);
}

PYASYNC_TEST_CASE(
    "children work on copies of the context, a group's body and what has a time limit on the context itself") {
    co_await set_request_id("parent");
    auto [inherited, mine] = co_await when_all(request_id(), set_request_id("child"));
    CHECK(inherited == "parent");
    CHECK(co_await request_id() == "parent");
    co_await timeout(1h, set_request_id("within the limit"));
    CHECK(co_await request_id() == "within the limit");
    co_await pyasync::with_task_group([](pyasync::task_group& group) -> task<> {
        co_await set_request_id("body");
        group.spawn(set_request_id("child of the group"));
    });
    CHECK(co_await request_id() == "body");
}

PYASYNC_TEST_CASE("the coroutine of a call that has not won is cancelled, and has cleaned up when C++ continues") {
    auto first = co_await when_any(call("bridge_examples:wait_forever"), call("bridge_examples:until_waiting"));
    CHECK(first.index() == 1);
    CHECK(co_await events() == "waiting, cancelled, cleaned up, ended");
}

PYASYNC_TEST_CASE("a call whose time is over is cancelled, and has cleaned up when C++ continues") {
    CHECK_THROWS_AS(co_await timeout(5ms, call("bridge_examples:wait_forever")), pyasync::timed_out);
    const std::string seen = co_await events();
    CHECK((seen == "waiting, cancelled, cleaned up, ended" || seen.empty()));  // where it had not begun
    CHECK(co_await timeout(1h, call<int>("bridge_examples:later", 3)) == 3);
}

PYASYNC_TEST_CASE("timed_out is a TimeoutError to Python") {
    const auto body = []() -> task<> { co_await timeout(1ms, pyasync::uv::sleep(1h)); };
    CHECK(co_await seen_by_python(body()) == "TimeoutError the time is over");
}

PYASYNC_TEST_CASE("one failure is itself to Python, several are an ExceptionGroup") {
    const auto one = []() -> task<> { co_await when_all(fail("a"), pyasync::uv::sleep(1h)); };
    CHECK(co_await seen_by_python(one()) == "IndexError a");
    // The second one fails when it is cancelled, so that the order is certain.
    const auto answer = []() -> task<> {
        try {
            co_await pyasync::uv::sleep(1h);
        } catch (const pyasync::cancelled&) {
            throw std::invalid_argument("b");
        }
    };
    const auto outer = []() -> task<> { co_await fail("a"); };
    const auto two = [&]() -> task<> { co_await when_all(answer(), outer()); };
    CHECK(co_await call<std::string>("structured_examples:members_of", two()) ==
          "ExceptionGroup several tasks have failed (2 sub-exceptions): IndexError('a') 1, ValueError('b') 0");
}

PYASYNC_TEST_CASE(
    "an ExceptionGroup has the very objects that Python has raised, and is a BaseExceptionGroup where it must be") {
    const auto both = []() -> task<> { co_await when_all(raise("raise_kept"), raise("raise_kept")); };
    CHECK(co_await call<bool>("structured_examples:all_are_kept", both()));
    const auto base = []() -> task<> { co_await when_all(raise("raise_kept"), raise("raise_base_exception")); };
    CHECK(co_await call<std::string>("structured_examples:kind_of", base()) == "BaseExceptionGroup");
}

PYASYNC_TEST_CASE("an ExceptionGroup that Python raises comes back as the same object") {
    const auto through = []() -> task<> { co_await when_all(raise("raise_kept_group")); };
    CHECK(co_await call<bool>("structured_examples:is_kept_group", through()));
}

PYASYNC_TEST_CASE("cancelling what Python awaits cancels all children, which have unwound when Python goes on") {
    const auto all = []() -> task<> {
        co_await when_all(call("bridge_examples:wait_forever"), pyasync::uv::sleep(1h));
    };
    const auto make = [&](py::python p) { return py::function(p, "all", all).unbind(); };
    const py::object function = co_await pyasync::on_asyncio(make);
    CHECK(co_await call<std::string>("bridge_examples:cancel_when_waiting", std::cref(function)) == "CancelledError ");
    CHECK(co_await events() == "waiting, cancelled, cleaned up, ended, seen by Python");
}

PYASYNC_TEST_CASE("a blocking function sees that the task that waits for it is cancelled") {
    std::atomic<bool> begun = false;
    const auto search = [&begun](const std::stop_token& stop) {
        begun = true;
        while (!stop.stop_requested()) std::this_thread::yield();
        return true;
    };
    const auto searching = [&]() -> task<bool> {
        const std::stop_token stop = co_await pyasync::this_task::stop_token();
        co_return co_await pyasync::spawn_blocking(search, stop);
    };
    auto running = pyasync::spawn(searching());
    while (!begun) co_await pyasync::uv::sleep(0ms);
    running.cancel();
    CHECK(co_await std::move(running));
}
