// tests/runtime/runtime_test.cpp: run, run_until_complete, and the loops that they run on.
// SPDX-License-Identifier: MIT
#include <atomic>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <thread>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::run;
using pyasync::run_until_complete;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

task<std::unique_ptr<int>> move_only() {
    co_await call("asyncio:sleep", 0);
    co_return std::make_unique<int>(5);
}

task<int> answer() { co_return co_await call<int>("bridge_examples:answer"); }

task<> fail() {
    co_await pyasync::uv::sleep(0ms);
    throw std::out_of_range("too far");
}

/// Keeps a libuv loop for a while, in the midst of what it serves: what that sends elsewhere goes out at its end.
class hindrance final : public pyasync::detail::work {
public:
    explicit hindrance(std::atomic<bool>& begun) noexcept : work(&arrive), begun_(begun) {}

private:
    static void arrive(work& self, pyasync::detail::delivery) noexcept {
        const std::unique_ptr<hindrance> mine(static_cast<hindrance*>(&self));
        mine->begun_ = true;
        std::this_thread::sleep_for(200ms);
    }
    std::atomic<bool>& begun_;
};

/// Gives a stream up that it has never begun, in front of a hindrance.
task<> give_up_a_stream(pyasync::uv::loop& home, std::atomic<bool>& given_up) {
    const auto stream = co_await pyasync::on_asyncio(
        [](py::python p) { return pyasync::into_stream<int>(p.import("stream_examples").attr("ClosedInTime")()); });
    home.post(*new hindrance(given_up));
}

template <typename Function>
std::string python_error_of(Function function) {
    try {
        function();
    } catch (const py::python_error& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("run returns the task's value as it is, without a way through Python") {
    pyasync::with_gil([](py::python p) { CHECK(*run(p, move_only()) == 5); });
}

TEST_CASE("run may be called again and again, each time on a new loop") {
    pyasync::with_gil([](py::python p) {
        for (int i = 0; i < 100; ++i) CHECK(run(p, answer()) == 42);
    });
}

TEST_CASE("run throws what the task throws") {
    pyasync::with_gil([](py::python p) {
        CHECK_THROWS_WITH_AS(run(p, fail()), "too far", std::out_of_range);
        const std::string message =
            python_error_of([p] { run(p, []() -> task<> { co_await call("bridge_examples:fail", "in Python"); }()); });
        CHECK(message.ends_with("ValueError: in Python"));
    });
}

TEST_CASE("a task that cancels itself ends run with cancelled") {
    pyasync::with_gil([](py::python p) {
        CHECK_THROWS_AS(run(p,
                            []() -> task<> {
                                throw pyasync::cancelled();
                                co_return;
                            }()),
                        pyasync::cancelled);
    });
}

TEST_CASE("run_until_complete leaves the caller's loop usable, also after an exception") {
    pyasync::with_gil([](py::python p) {
        const py::bound loop = p.import("asyncio").attr("new_event_loop")();
        CHECK(run_until_complete(p, loop, answer()) == 42);
        CHECK_THROWS_AS(run_until_complete(p, loop, fail()), std::out_of_range);
        CHECK(run_until_complete(p, loop, answer()) == 42);
        CHECK(loop.call_method("run_until_complete", p.import("bridge_examples").attr("answer")()).to<int>() == 42);
        loop.call_method("close");
        CHECK(python_error_of([&] { run_until_complete(p, loop, answer()); }) == "RuntimeError: Event loop is closed");
    });
}

TEST_CASE("what run_until_complete has spawned goes on when the loop runs again") {
    pyasync::with_gil([](py::python p) {
        const py::bound loop = p.import("asyncio").attr("new_event_loop")();
        auto left = run_until_complete(p, loop, []() -> task<std::unique_ptr<pyasync::future<int>>> {
            co_return std::make_unique<pyasync::future<int>>(pyasync::spawn(call<int>("bridge_examples:later", 8)));
        }());
        const int value = run_until_complete(
            p, loop, [](pyasync::future<int> f) -> task<int> { co_return co_await std::move(f); }(std::move(*left)));
        CHECK(value == 8);
        loop.call_method("close");
    });
}

PYASYNC_TEST_CASE("a loop that runs already cannot be run again from within") {
    const std::string nested =
        co_await pyasync::on_asyncio([](py::python p) { return python_error_of([p] { run(p, answer()); }); });
    CHECK(nested.find("RuntimeError: run() and run_until_complete() cannot be called while an event loop runs") == 0);
    const std::string same = co_await pyasync::on_asyncio([](py::python p) {
        return python_error_of([p] { run_until_complete(p, pyasync::get_running_loop(p), answer()); });
    });
    CHECK(same == nested);
    CHECK(co_await answer() == 42);
}

TEST_CASE("what is no event loop is refused") {
    pyasync::with_gil([](py::python p) {
        CHECK(python_error_of([p] { run_until_complete(p, p.value(3), answer()); }) ==
              "TypeError: expected an event loop, got int");
    });
}

TEST_CASE("loops in several threads at once, each with tasks of its own") {
    constexpr int threads = 4;
    constexpr int rounds = 25;
    std::vector<std::thread> running;
    std::atomic<int> right{0};
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&right] {
            pyasync::with_gil([&right](py::python p) {
                const py::bound loop = p.import("asyncio").attr("new_event_loop")();
                for (int round = 0; round < rounds; ++round) {
                    right += run_until_complete(p, loop, answer()) == 42 ? 1 : 0;
                }
                loop.call_method("close");
            });
        });
    }
    for (std::thread& thread : running) thread.join();
    CHECK(right == threads * rounds);
}

TEST_CASE("the number of loop threads cannot change once they run") {
    pyasync::with_gil([](py::python p) {
        CHECK(run(p, answer()) == 42);
        CHECK_THROWS_WITH_AS(run(p, answer(), {.loop_threads = 7}),
                             "pyasync: 1 loop threads run already; set loop_threads before the first task starts",
                             std::logic_error);
    });
}

TEST_CASE("what still runs at the end of run is cancelled and has unwound when run returns") {
    bool cpp_unwound = false;
    pyasync::with_gil([&](py::python p) {
        run(p, [](bool& unwound) -> task<> {
            pyasync::spawn([](bool& flag) -> task<> {
                try {
                    co_await pyasync::uv::sleep(1h);
                } catch (const pyasync::cancelled&) {
                }
                co_await call("asyncio:sleep", 0);
                flag = true;
            }(unwound))
                .detach();
            pyasync::spawn(call("bridge_examples:wait_forever")).detach();
            co_await call("bridge_examples:until_waiting");
        }(cpp_unwound));
        CHECK(cpp_unwound);
        CHECK(p.import("bridge_examples").attr("take_events")().to<std::string>() ==
              "waiting, cancelled, cleaned up, ended");
    });
}

TEST_CASE("what another loop thread gives up at the end of run is closed before the event loop's generators are") {
    pyasync::uv::loop other;
    std::atomic<bool> given_up{false};
    pyasync::with_gil([&](py::python p) {
        run(p, [](pyasync::uv::loop& home, std::atomic<bool>& flag) -> task<> {
            const auto running = pyasync::detail::root<void>::launch(
                give_up_a_stream(home, flag), home, pyasync::detail::current_locals(), std::source_location::current());
            while (!flag) co_await pyasync::uv::sleep(1ms);
        }(other, given_up));
        CHECK(p.import("stream_examples").attr("take_events")().to<std::string>() == "closed, generators closed");
    });
}
