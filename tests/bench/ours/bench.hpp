// tests/bench/ours/bench.hpp: one bench of the program: how it is called, and what it reports.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <pyasync/pyasync.hpp>

namespace bench {

/// What the command line has asked for.
struct request {
    std::string name;
    long count = 0;
    std::map<std::string, std::string> keys;

    [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise) const;
    [[nodiscard]] long number(const std::string& key, long otherwise) const;
    /// How many operations are under way at the same time.
    [[nodiscard]] long in_flight() const { return number("in_flight", 1000); }
};

/// What one measurement has found; `crossings` were counted by the other side.
struct report {
    long count = 0;
    long crossings = 0;
    long checksum = 0;
    double seconds = 0;
    double cpu_seconds = 0;
    std::map<std::string, double> values = {};
};

using bench_function = pyasync::task<report> (*)(const request&);

/// All benches of this program, by name.
[[nodiscard]] const std::map<std::string_view, bench_function>& all();

void add_awaits_of_cpp(std::map<std::string_view, bench_function>& benches);
void add_awaits_of_python(std::map<std::string_view, bench_function>& benches);
void add_beside_others(std::map<std::string_view, bench_function>& benches);
void add_streams(std::map<std::string_view, bench_function>& benches);
void add_timers(std::map<std::string_view, bench_function>& benches);
void add_footprint(std::map<std::string_view, bench_function>& benches);

}  // namespace bench
