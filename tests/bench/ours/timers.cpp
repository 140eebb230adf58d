// tests/bench/ours/timers.cpp: what a timer costs while many others wait: b16.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <random>
#include <vector>

#include "bench.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

using pyasync::task;
using clock = std::chrono::steady_clock;

struct timer final : pyasync::uv::detail::timer_entry {
    void expired() noexcept override {}
};

/// One of those that wait is stopped, and another one started, as by a request that has come in time; as
/// tests/bench/limits/libuv_many_timers.cpp does it.
task<report> b16(const request& asked) {
    constexpr long shortest_ms = 600'000;
    constexpr long longest_ms = 660'000;
    std::mt19937 random(1);
    std::vector<timer> waiting(static_cast<std::size_t>(asked.in_flight()));
    std::vector<std::size_t> which(static_cast<std::size_t>(asked.count));
    std::vector<std::chrono::milliseconds> lengths(which.size());
    const auto any_length = [&] {
        return std::chrono::milliseconds(shortest_ms + random() % (longest_ms - shortest_ms));
    };
    for (std::size_t& each : which) each = random() % waiting.size();
    for (auto& each : lengths) each = any_length();

    pyasync::uv::detail::timer_queue& queue = pyasync::uv::loop::current()->timers();
    for (timer& each : waiting) queue.insert(each, clock::now() + any_length());
    const stopwatch watch;
    for (std::size_t i = 0; i < which.size(); ++i) {
        queue.remove(waiting[which[i]]);
        queue.insert(waiting[which[i]], clock::now() + lengths[i]);
    }
    const report found{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds()};
    for (timer& each : waiting) queue.remove(each);
    co_return found;
}

}  // namespace

void add_timers(std::map<std::string_view, bench_function>& benches) { benches.insert({{"b16", &b16}}); }

}  // namespace bench
