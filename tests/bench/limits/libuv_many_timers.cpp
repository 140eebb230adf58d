// tests/bench/limits/libuv_many_timers.cpp: what a timer of libuv's costs while many others wait.
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <cstdint>
#include <random>
#include <vector>

#include "limit.hpp"

namespace limits {

report libuv_many_timers(const request& asked) {
    constexpr std::uint64_t shortest_ms = 600'000;
    constexpr std::uint64_t longest_ms = 660'000;
    uv_loop_t loop{};
    checked(uv_loop_init(&loop), "uv_loop_init");
    std::mt19937 random(1);
    std::vector<uv_timer_t> waiting(static_cast<std::size_t>(asked.in_flight));
    std::vector<std::size_t> which(static_cast<std::size_t>(asked.count));
    std::vector<std::uint64_t> lengths(which.size());
    const auto any_length = [&] { return shortest_ms + random() % (longest_ms - shortest_ms); };
    const auto nothing = [](uv_timer_t*) {};
    for (std::size_t& each : which) each = random() % waiting.size();
    for (std::uint64_t& each : lengths) each = any_length();
    for (uv_timer_t& each : waiting) {
        uv_timer_init(&loop, &each);
        uv_timer_start(&each, nothing, any_length(), 0);
    }

    report found;
    const stopwatch time;
    for (std::size_t i = 0; i < which.size(); ++i) {
        uv_timer_stop(&waiting[which[i]]);
        uv_timer_start(&waiting[which[i]], nothing, lengths[i], 0);
    }
    time.stop(found);
    for (uv_timer_t& each : waiting) uv_close(reinterpret_cast<uv_handle_t*>(&each), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return found;
}

}  // namespace limits
