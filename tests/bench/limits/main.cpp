// tests/bench/limits/main.cpp: bench_limits BENCH COUNT [key=value...]: measures a limit, prints a line of JSON.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "limit.hpp"

namespace limits {
namespace {

constexpr int usage_error = 2;
constexpr unsigned time_limit_seconds = 600;

using limit = report (*)(const request&);
using ways = std::map<std::string_view, limit>;

/// By bench and way. Two threads that only wake each other know no direction, so b3 has b1's.
const std::map<std::string_view, ways>& all() {
    static const std::map<std::string_view, ways> made{
        {"b1",
         {{"eventfd", eventfd_round_trip},
          {"atomics", atomics_round_trip},
          {"libuv", libuv_async_round_trip},
          {"libuv_poll", libuv_poll_round_trip},
          {"c_call", c_call_from_python}}},
        {"b3",
         {{"eventfd", eventfd_round_trip},
          {"atomics", atomics_round_trip},
          {"libuv", libuv_async_round_trip},
          {"libuv_poll", libuv_poll_round_trip},
          {"c_call", python_call_from_c}}},
        {"b4", {{"eventfd", python_batches}}},
        {"b7", {{"timerfd", libuv_timerfd}, {"uv_timer", libuv_timers}}},
        {"b16", {{"uv_timer", libuv_many_timers}}},
    };
    return made;
}

struct command {
    std::string bench;
    std::string way = "eventfd";
    request asked;
};

long positive(const std::string& text, const char* what) {
    std::size_t used = 0;
    long value = 0;
    try {
        value = std::stol(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    if (used == 0 || used != text.size() || value < 1) {
        throw std::invalid_argument(fmt::format("{} is a positive number, not '{}'", what, text));
    }
    return value;
}

template <typename Map>
std::string names(const Map& map) {
    std::string text;
    for (const auto& [name, rest] : map) text += fmt::format(" {}", name);
    return text;
}

command parse(int argc, char** argv) {
    if (argc < 3)
        throw std::invalid_argument(fmt::format("usage: BENCH COUNT [key=value...]; benches:{}", names(all())));
    command given{argv[1], "eventfd", {positive(argv[2], "COUNT")}};
    for (int i = 3; i < argc; ++i) {
        const std::string word = argv[i];
        const std::size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
        if (key == "way") {
            given.way = value;
        } else if (key == "in_flight") {
            given.asked.in_flight = positive(value, "in_flight");
        } else {
            throw std::invalid_argument(fmt::format("there is no '{}', only way= and in_flight=", word));
        }
    }
    const auto found = all().find(given.bench);
    if (found == all().end()) {
        throw std::invalid_argument(fmt::format("no bench '{}'; there are:{}", given.bench, names(all())));
    }
    if (!found->second.contains(given.way)) {
        throw std::invalid_argument(
            fmt::format("{}: no way '{}'; there are:{}", given.bench, given.way, names(found->second)));
    }
    return given;
}

}  // namespace
}  // namespace limits

int main(int argc, char** argv) {
    limits::command given;
    try {
        given = limits::parse(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench_limits: {}\n", error.what());
        return limits::usage_error;
    }
    ::alarm(limits::time_limit_seconds);  // its signal ends a program that hangs
    try {
        const limits::report found = limits::all().at(given.bench).at(given.way)(given.asked);
        std::string values;
        for (const auto& [name, value] : found.values) {
            values += fmt::format("{}\"{}\": {}", values.empty() ? "" : ", ", name, value);
        }
        fmt::print(
            "{{\"bench\": \"{}\", \"count\": {}, \"crossings\": {}, \"checksum\": {}, \"seconds\": {}, "
            "\"cpu_seconds\": {}, \"values\": {{{}}}}}\n",
            given.bench, given.asked.count, found.crossings, found.checksum, found.seconds, found.cpu_seconds, values);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench_limits: {}\n", error.what());
        return 1;
    }
    return 0;
}
