// tests/bench/ours/beside_others.cpp: crossings beside computing threads, timers and plain asyncio: b6, b7, b13, b14.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "native.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
namespace py = pyasync::py;
using values = std::map<std::string, double>;
using samples = std::vector<double>;

/// A thread that computes in Python, from here to `stop`.
class burner {
public:
    [[nodiscard]] static task<burner> start() {
        co_return burner(co_await on_asyncio([](py::python p) {
            const py::bound made = p.import("scenario").attr("Burner")();
            made.call_method("start");
            return made.unbind();
        }));
    }
    [[nodiscard]] task<long> iterations() { return answer("iterations"); }
    [[nodiscard]] task<> stop() {
        co_await on_asyncio([](py::python p, const py::object* thread) { thread->bind(p).call_method("stop"); },
                            &thread_);
    }

private:
    explicit burner(py::object thread) : thread_(std::move(thread)) {}
    [[nodiscard]] task<long> answer(const char* name) {
        co_return co_await on_asyncio([](py::python p, const py::object* thread,
                                         const char* what) { return thread->bind(p).attr(what).to<long>(); },
                                      &thread_, name);
    }

    py::object thread_;
};

task<report> b6_b1(const request& asked) {
    const py::object native = co_await on_asyncio(&nop_function);
    burner other = co_await burner::start();
    (void)co_await call<long>("scenario:sequential", std::cref(native), std::max(asked.count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const auto [sum, each] =
        co_await call<std::pair<long, samples>>("scenario:sequential_timed", std::cref(native), asked.count);
    report found{asked.count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
    co_await other.stop();
    found.values = co_await call<values>("scenario:percentiles_us", std::cref(each));
    co_return found;
}

task<report> b6_b3(const request& asked) {
    burner other = co_await burner::start();
    for (long i = 0; i < std::max(asked.count / 10, 1L); ++i) (void)co_await call<long>("scenario:nop");
    co_await call("scenario:restart");
    const stopwatch watch;
    long sum = 0;
    for (long i = 0; i < asked.count; ++i) sum += co_await call<long>("scenario:nop");
    report found{asked.count, 0, sum, watch.seconds(), watch.cpu_seconds()};
    co_await other.stop();
    found.crossings = co_await call<long>("scenario:crossings");
    co_return found;
}

/// How much a computing thread gets done beside crossings at one a millisecond.
task<report> b6_burner(const request& asked) {
    const py::object native = co_await on_asyncio(&nop_function);
    burner other = co_await burner::start();
    (void)co_await call<long>("scenario:paced", std::cref(native), std::max(asked.count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const long before = co_await other.iterations();
    const long sum = co_await call<long>("scenario:paced", std::cref(native), asked.count);
    const long done = co_await other.iterations() - before;
    report found{asked.count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
    co_await other.stop();
    found.values["iterations_per_second"] = static_cast<double>(done) / found.seconds;
    co_return found;
}

task<samples> lateness(long count) {
    using clock = std::chrono::steady_clock;
    samples late;
    for (long i = 0; i < count; ++i) {
        const auto due = clock::now() + std::chrono::milliseconds(1);
        co_await pyasync::uv::sleep(std::chrono::milliseconds(1));
        late.push_back(std::chrono::duration<double>(clock::now() - due).count());
    }
    co_return late;
}

/// The asyncio thread sleeps, and another one computes in Python.
task<report> b7_thread(const request& asked) {
    burner other = co_await burner::start();
    (void)co_await lateness(std::max(asked.count / 10, 20L));
    const stopwatch watch;
    const samples late = co_await lateness(asked.count);
    report found{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds()};
    co_await other.stop();
    found.values = co_await call<values>("scenario:percentiles_us", std::cref(late));
    co_return found;
}

task<report> b7(const request& asked) {
    if (asked.text("way", "") == "thread") co_return co_await b7_thread(asked);
    constexpr double at_most = 60;
    auto busy = pyasync::spawn(call("scenario:busy", at_most));
    (void)co_await lateness(std::max(asked.count / 10, 20L));
    const stopwatch watch;
    const samples late = co_await lateness(asked.count);
    report found{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds()};
    // The loop's thread is the one that must not wait for the GIL, and asyncio's is busy.
    co_await pyasync::spawn_blocking(
        [] { pyasync::with_gil([](py::python p) { p.import("scenario").attr("stop")(); }); });
    co_await std::move(busy);
    found.values = co_await call<values>("scenario:percentiles_us", std::cref(late));
    co_return found;
}

task<report> b13_idle(const request& asked) {
    const stopwatch watch;
    values found = co_await call<values>("scenario:idle", static_cast<double>(asked.count));
    co_return report{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds(), std::move(found)};
}

task<report> b13_paced(const request& asked) {
    const py::object native = co_await on_asyncio(&nop_function);
    const py::object restart =
        co_await on_asyncio([](py::python p) { return py::function(p, "restart", &restart_crossings).unbind(); });
    (void)co_await call<long>("scenario:paced", std::cref(native), std::max(asked.count / 10, 1L));
    const stopwatch watch;
    const auto [sum, cost] = co_await call<std::pair<long, double>>("scenario:paced_cost", std::cref(native),
                                                                    asked.count, std::cref(restart));
    co_return report{asked.count,     crossings(),         sum,
                     watch.seconds(), watch.cpu_seconds(), {{"cpu_us_per_crossing", cost}}};
}

task<report> b14_fair(const request& asked) {
    const py::object native = co_await on_asyncio(&nop_function);
    (void)co_await call<std::pair<samples, long>>("scenario:fair", std::cref(native), std::max(asked.count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const auto [late, sum] = co_await call<std::pair<samples, long>>("scenario:fair", std::cref(native), asked.count);
    report found{asked.count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
    found.values = co_await call<values>("scenario:percentiles_us", std::cref(late));
    co_return found;
}

/// Two of many that keep asyncio busy, until they are told to stop: a call after another, whose values are added up,
/// and a message after another.
task<> flood_with_messages(const std::atomic<bool>& stopped) {
    while (!stopped) co_await on_asyncio([](py::python) {});
}
task<long> flood_with_calls(const std::atomic<bool>& stopped) {
    long sum = 0;
    while (!stopped) sum += co_await call<long>("scenario:nop");
    co_return sum;
}

task<report> b14_flood(const request& asked) {
    co_await call("scenario:restart");
    std::atomic<bool> stopped{false};
    std::vector<pyasync::future<>> messages;
    std::vector<pyasync::future<long>> calls;
    for (long i = 0; i < asked.in_flight(); ++i) {
        messages.push_back(pyasync::spawn(flood_with_messages(stopped)));
        calls.push_back(pyasync::spawn(flood_with_calls(stopped)));
    }
    (void)co_await call<samples>("scenario:lateness", std::max(asked.count / 10, 20L));
    const stopwatch watch;
    const auto late = co_await call<samples>("scenario:lateness", asked.count);
    report found{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds()};
    stopped = true;
    for (auto& each : messages) co_await std::move(each);
    for (auto& each : calls) found.checksum += co_await std::move(each);
    found.crossings = co_await call<long>("scenario:crossings");
    found.values = co_await call<values>("scenario:percentiles_us", std::cref(late));
    co_return found;
}

task<report> b14_plain(const request& asked) {
    (void)co_await call<long>("scenario:plain", std::max(asked.count / 10, 1L));
    co_await call("scenario:restart");
    const stopwatch watch;
    const long sum = co_await call<long>("scenario:plain", asked.count);
    report found{asked.count, 0, sum, watch.seconds(), watch.cpu_seconds()};
    found.crossings = co_await call<long>("scenario:crossings");
    co_return found;
}

}  // namespace

void add_beside_others(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b6_b1", &b6_b1},
                    {"b6_b3", &b6_b3},
                    {"b6_burner", &b6_burner},
                    {"b7", &b7},
                    {"b13_idle", &b13_idle},
                    {"b13_paced", &b13_paced},
                    {"b14_fair", &b14_fair},
                    {"b14_flood", &b14_flood},
                    {"b14_plain", &b14_plain}});
}

}  // namespace bench
