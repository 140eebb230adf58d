// tests/bridge/fairness_test.cpp: C++ floods asyncio, or Python keeps the GIL, and the other side has its turns.
// SPDX-License-Identifier: MIT
#include <atomic>
#include <memory>
#include <semaphore>
#include <set>
#include <vector>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

/// What keeps asyncio busy until it is told to stop. That it ends by itself is how a test fails, instead of hanging.
struct flood {
    std::atomic<bool> stopping{false};
    std::atomic<long> left{50'000'000};

    [[nodiscard]] bool goes_on() { return !stopping && --left > 0; }
};

task<> calls(flood& water) {
    while (water.goes_on()) co_await call("fairness_examples:nothing");
}

task<> messages(flood& water) {
    while (water.goes_on()) co_await on_asyncio([](py::python) {});
}

task<> spawned_calls(flood& water) {
    constexpr int at_once = 50;
    std::vector<pyasync::future<py::object>> running;
    while (water.goes_on()) {
        for (int i = 0; i < at_once && water.goes_on(); ++i) {
            running.push_back(spawn(call("fairness_examples:nothing")));
        }
        for (auto& each : running) co_await std::move(each);
        running.clear();
    }
}

using way_to_flood = task<> (*)(flood&);

std::vector<pyasync::future<>> begin(way_to_flood way, flood& water) {
    constexpr int tasks = 100;
    std::vector<pyasync::future<>> running;
    for (int i = 0; i < tasks; ++i) running.push_back(spawn(way(water)));
    return running;
}

task<bool> was_stopped(flood& water, std::vector<pyasync::future<>> running) {
    for (auto& each : running) co_await std::move(each);
    co_return water.left > 0;
}

}  // namespace

TEST_CASE("asyncio's callbacks, timers and sockets have their turns while C++ floods it") {
    static constexpr int turns = 100;
    for (const way_to_flood way : {&calls, &messages, &spawned_calls}) {
        for (const char* const work : {"callbacks", "timers", "sockets"}) {
            CAPTURE(std::string(work));
            on_loops([way, work]() -> task<> {
                flood water;
                auto running = begin(way, water);
                co_await call(std::string("fairness_examples:") + work, turns);
                water.stopping = true;
                CHECK(co_await was_stopped(water, std::move(running)));
            });
        }
    }
}

PYASYNC_TEST_CASE("what C++ has asyncio do is interrupted after two milliseconds, also where each of it takes long") {
    constexpr int number = 200;
    co_await call("fairness_examples:count_turns");
    std::vector<pyasync::future<int>> running;
    for (int i = 0; i < number; ++i) running.push_back(spawn(call<int>("fairness_examples:take_a_millisecond")));
    std::set<int> turns;
    for (auto& each : running) turns.insert(co_await std::move(each));
    co_await call("fairness_examples:stop_counting");
    // Three at a time, but for the first ones, before it was seen how long they take.
    CHECK(turns.size() >= number / 4);
}

PYASYNC_TEST_CASE("a Python thread has its turns while C++ floods asyncio with what runs no Python code") {
    const auto water = std::make_shared<flood>();  // the thread may come to it late
    auto running = begin(&messages, *water);
    co_await on_asyncio([&water](py::python p) {
        const py::bound stop = py::function(p, "stop", [water] { water->stopping = true; });
        const py::bound take_turns = p.import("fairness_examples").attr("take_turns");
        const py::bound arguments = py::bound::steal(p, PyTuple_Pack(1, stop.ptr()));
        p.import("threading")
            .attr("Thread")(py::kw("target") = take_turns, py::kw("args") = arguments)
            .call_method("start");
    });
    CHECK(co_await was_stopped(*water, std::move(running)));
}

PYASYNC_TEST_CASE("libuv's timers fire while Python keeps the GIL") {
    std::atomic<bool> kept{false};
    std::binary_semaphore fired(0);
    const auto keep = [&](py::python) {
        kept = true;
        return fired.try_acquire_for(1min);
    };
    auto keeps = spawn([](auto function) -> task<bool> { co_return co_await on_asyncio(function); }(keep));
    while (!kept) co_await pyasync::uv::sleep(1ms);
    for (int i = 0; i < 10; ++i) co_await pyasync::uv::sleep(1ms);
    fired.release();
    CHECK(co_await std::move(keeps));
}
