// tests/testing/misbehaving.cpp: cases that fail, each in its own way; see misbehaving_test.py.
// SPDX-License-Identifier: MIT
#include <pyasync/testing.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>

#include <pyasync/pyasync.hpp>

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

PYASYNC_TEST_MAIN({.shutdown_timeout = 300ms})

namespace {

task<> fail_in_cpp() {
    co_await call("asyncio:sleep", 0);
    throw std::runtime_error("broken");
}

task<> fail_further_in() { co_await fail_in_cpp(); }

task<int> answer() { co_return 42; }

/// Waits until a future has ended, without awaiting it.
template <typename T>
task<> ends(const pyasync::future<T>& running) {
    while (!running.done()) co_await call("asyncio:sleep", 0);
}

py::object& kept_by_cpp() {
    static auto* const only = new py::object;
    return *only;
}

}  // namespace

PYASYNC_TEST_CASE("good") { CHECK(co_await answer() == 42); }

PYASYNC_TEST_CASE("false behind a wait") {
    co_await call("asyncio:sleep", 0);
    CHECK(co_await answer() == 7);
    CHECK(co_await answer() == 42);
}

PYASYNC_TEST_CASE("required in an awaited task") {
    co_await []() -> task<> {
        co_await call("asyncio:sleep", 0);
        REQUIRE(co_await answer() == 7);
    }();
    FAIL("not reached");
}

PYASYNC_TEST_CASE("required in a detached task") {
    spawn([]() -> task<> { REQUIRE(co_await answer() == 7); }()).detach();
    co_await pyasync::uv::sleep(1ms);
}

PYASYNC_TEST_CASE("required in two tasks at once") {
    const auto fail = []() -> task<> { REQUIRE(co_await answer() == 7); };
    co_await pyasync::when_all(fail(), fail());
}

PYASYNC_TEST_CASE("required below Python") {
    const auto make = [](py::python p) {
        return pyasync::coroutine_function(p, "fail", []() -> task<> { REQUIRE(co_await answer() == 7); }).unbind();
    };
    co_await call("misbehaving_cases:await_call", co_await on_asyncio(make));
}

PYASYNC_TEST_CASE("crashes on a loop thread") {
    co_await pyasync::uv::sleep(1ms);
    std::raise(SIGSEGV);
}

PYASYNC_TEST_CASE("false on another thread") {
    co_await pyasync::spawn_blocking([] { CHECK(1 == 2); });
}

PYASYNC_TEST_CASE("Python throws") { co_await call("misbehaving_cases:fail", "broken in Python"); }

PYASYNC_TEST_CASE("C++ throws") { co_await fail_further_in(); }

PYASYNC_TEST_CASE("SystemExit") { co_await call("sys:exit", 3); }

PYASYNC_TEST_CASE("exits as if by SIGTERM") { co_await call("sys:exit", 143); }

PYASYNC_TEST_CASE("raises a KeyboardInterrupt") { co_await call("misbehaving_cases:raise_interrupt"); }

PYASYNC_TEST_CASE("leaves a job of the executor") { co_await call("misbehaving_cases:leave_job"); }

PYASYNC_TEST_CASE("leaves a C++ task") {
    spawn(pyasync::uv::sleep(1h)).detach();
    co_return;
}

PYASYNC_TEST_CASE("leaves a Python task") { co_await call("misbehaving_cases:leave_task"); }

PYASYNC_TEST_CASE("leaves a call") {
    spawn(call("misbehaving_cases:wait_for_ever")).detach();
    co_await call("asyncio:sleep", 0);
}

PYASYNC_TEST_CASE("leaves a hot future") {
    co_await on_asyncio([](py::python p) {
        const py::bound kept = p.import("misbehaving_cases").attr("kept");
        kept.call_method("append", pyasync::future_into_py(p, []() -> task<> { co_await pyasync::uv::sleep(1h); }()));
    });
}

PYASYNC_TEST_CASE("leaves a task in one subcase") {
    SUBCASE("leaves") { spawn(pyasync::uv::sleep(1h)).detach(); }
    SUBCASE("does not") { co_await call("asyncio:sleep", 0); }
    co_return;
}

PYASYNC_TEST_CASE("leaves a task, and should fail" * doctest::should_fail()) {
    spawn(pyasync::uv::sleep(1h)).detach();
    co_return;
}

PYASYNC_TEST_CASE("forgets to await Python") { co_await call("misbehaving_cases:forget"); }

PYASYNC_TEST_CASE("forgets to await C++") {
    co_await on_asyncio([](py::python p) { pyasync::coroutine_function(p, "answer", &answer)(); });
}

PYASYNC_TEST_CASE("drops a failed C++ task") {
    auto running = spawn(fail_in_cpp());
    co_await ends(running);
}

PYASYNC_TEST_CASE("detaches a failing call") {
    spawn(call("misbehaving_cases:fail", "detached")).detach();
    co_await call("asyncio:sleep", 0.01);
}

PYASYNC_TEST_CASE("forgets a failed Python task") { co_await call("misbehaving_cases:forget_failed_task"); }

PYASYNC_TEST_CASE("fails in a callback") { co_await call("misbehaving_cases:fail_in_callback"); }

PYASYNC_TEST_CASE("fails in __del__") { co_await call("misbehaving_cases:fail_in_del"); }

PYASYNC_TEST_CASE("fails in a Python thread") { co_await call("misbehaving_cases:fail_in_thread"); }

PYASYNC_TEST_CASE("C++ keeps a Future") { kept_by_cpp() = co_await call("misbehaving_cases:ended_future"); }

PYASYNC_TEST_CASE("Python keeps a task") { co_await call("misbehaving_cases:keep_task"); }

PYASYNC_TEST_CASE("a traceback keeps a Future") { co_await call("misbehaving_cases:keep_traceback"); }

TEST_CASE("a plain case leaves an event loop") {
    pyasync::with_gil([](py::python p) { p.import("misbehaving_cases").attr("leave_loop")(); });
}

TEST_CASE("a plain case leaves a task") { spawn(pyasync::uv::sleep(1h)).detach(); }

PYASYNC_TEST_CASE("raises what is no Unicode") { co_await call("misbehaving_cases:fail_without_unicode"); }

PYASYNC_TEST_CASE("a good case forks a child that exits") { co_await call("misbehaving_cases:exit_in_child"); }

PYASYNC_TEST_CASE("a good case waits for a subprocess") { co_await call("misbehaving_cases:run_subprocess"); }

PYASYNC_TEST_CASE("a good case ends a Python thread by sys.exit()") {
    co_await call("misbehaving_cases:exit_in_thread");
}

PYASYNC_TEST_CASE_LOOP("C++ keeps the event loop", loop) {
    kept_by_cpp() = std::move(loop);
    co_return;
}

PYASYNC_TEST_CASE("leaves it all at once") {
    co_await call("misbehaving_cases:forget");
    co_await call("misbehaving_cases:forget_failed_task");
    co_await call("misbehaving_cases:leave_task");
    spawn(pyasync::uv::sleep(1h)).detach();
    CHECK(false);
}
