// tests/bench/ours/main.cpp: bench_ours BENCH COUNT [key=value...]: measures pyasync, and prints a line of JSON.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

#include "bench.hpp"

namespace bench {

std::string request::text(const std::string& key, const std::string& otherwise) const {
    const auto found = keys.find(key);
    return found == keys.end() ? otherwise : found->second;
}

long request::number(const std::string& key, long otherwise) const {
    const auto found = keys.find(key);
    return found == keys.end() ? otherwise : std::stol(found->second);
}

const std::map<std::string_view, bench_function>& all() {
    static const auto made = [] {
        std::map<std::string_view, bench_function> benches;
        add_awaits_of_cpp(benches);
        add_awaits_of_python(benches);
        add_beside_others(benches);
        add_footprint(benches);
        add_streams(benches);
        add_timers(benches);
        return benches;
    }();
    return made;
}

namespace {

constexpr int usage_error = 2;

request parse(int argc, char** argv) {
    if (argc < 3) throw std::invalid_argument("usage: bench_ours BENCH COUNT [key=value...]");
    request asked{argv[1], std::stol(argv[2]), {}};
    for (int i = 3; i < argc; ++i) {
        const std::string pair = argv[i];
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos) throw std::invalid_argument("not key=value: " + pair);
        asked.keys[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    if (asked.count < 1) throw std::invalid_argument("COUNT must be positive");
    if (!all().contains(asked.name)) {
        std::string names;
        for (const auto& [name, function] : all()) names += fmt::format(" {}", name);
        throw std::invalid_argument(fmt::format("no bench '{}'; there are:{}", asked.name, names));
    }
    return asked;
}

pyasync::options how_to_run(const request& asked) {
    pyasync::options how;
    const std::string loop = asked.text("loop", "asyncio");
    // A selector that is not epoll's leaves the waiting to the loop, as in an extension module.
    how.event_loop = loop == "reader" ? "scenario:make_loop_with_reader" : loop;
    const std::string spin = asked.text("spin", "adaptive");
    if (spin == "off") how.spin = pyasync::spin::off;
    how.debug = asked.text("debug", "off") == "on";
    return how;
}

void print(const request& asked, const report& found) {
    std::string values;
    for (const auto& [name, value] : found.values) {
        values += fmt::format("{}\"{}\": {}", values.empty() ? "" : ", ", name, value);
    }
    fmt::print(
        "{{\"bench\": \"{}\", \"count\": {}, \"crossings\": {}, \"checksum\": {}, \"seconds\": {}, \"cpu_seconds\": "
        "{}, "
        "\"values\": {{{}}}}}\n",
        asked.name, found.count, found.crossings, found.checksum, found.seconds, found.cpu_seconds, values);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    bench::request asked;
    try {
        asked = bench::parse(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench_ours: {}\n", error.what());
        return bench::usage_error;
    }
    const auto run = [&asked]() -> pyasync::task<> {
        bench::print(asked, co_await bench::all().at(asked.name)(asked));
    };
    return pyasync::run_main(1, argv, run, bench::how_to_run(asked));
}
