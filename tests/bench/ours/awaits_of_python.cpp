// tests/bench/ours/awaits_of_python.cpp: C++ awaits Python: b3, b4, b5, b9.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "bench.hpp"
#include "native.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

using pyasync::call;
using pyasync::spawn;
using pyasync::task;

/// How each operation is written, and what it adds to the checksum. `python_crossings` where Python has counted them.
struct nop {
    static constexpr bool python_counts = true;
    auto operator()() const { return call<long>("scenario:nop"); }
    static long number(long value) { return value; }
};

struct sleep_0 {
    static constexpr bool python_counts = false;
    auto operator()() const { return call<std::optional<int>>("asyncio:sleep", 0); }
    static long number(const std::optional<int>& value) { return value.has_value() ? 0 : 1; }
};

struct there_and_back {
    static constexpr bool python_counts = false;
    const pyasync::py::object& native;
    auto operator()() const { return call<long>("scenario:there", std::cref(native)); }
    static long number(long value) { return value; }
};

template <typename Operation>
task<long> one_by_one(const Operation& operation, long count) {
    long sum = 0;
    for (long i = 0; i < count; ++i) sum += Operation::number(co_await operation());
    co_return sum;
}

template <typename Operation>
task<long> at_once(const Operation& operation, long count, long in_flight) {
    long sum = 0;
    for (long left = count; left > 0; left -= in_flight) {
        const long batch = std::min(left, in_flight);
        std::vector<decltype(spawn(operation()))> running;
        running.reserve(static_cast<std::size_t>(batch));
        for (long i = 0; i < batch; ++i) running.push_back(spawn(operation()));
        for (auto& one : running) sum += Operation::number(co_await std::move(one));
    }
    co_return sum;
}

template <typename Operation>
task<long> some(const Operation& operation, long count, long in_flight) {
    return in_flight == 1 ? one_by_one(operation, count) : at_once(operation, count, in_flight);
}

template <typename Operation>
task<report> measure(const Operation& operation, long count, long in_flight) {
    const long batches = std::max(count / 10 / in_flight, 1L);
    (void)co_await some(operation, batches * in_flight, in_flight);
    co_await call("scenario:restart");
    restart_crossings();
    const stopwatch watch;
    const long sum = co_await some(operation, count, in_flight);
    report found{count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
    if (Operation::python_counts) found.crossings = co_await call<long>("scenario:crossings");
    co_return found;
}

task<report> b3(const request& asked) { co_return co_await measure(nop{}, asked.count, 1); }
task<report> b4(const request& asked) { co_return co_await measure(nop{}, asked.count, asked.in_flight()); }

/// Nobody counts in asyncio.sleep: each None that has come back is a crossing.
task<report> sleeps(long count, long in_flight) {
    report found = co_await measure(sleep_0{}, count, in_flight);
    found.crossings = found.checksum;
    co_return found;
}
task<report> b5_sequential(const request& asked) { return sleeps(asked.count, 1); }
task<report> b5_at_once(const request& asked) { return sleeps(asked.count, asked.in_flight()); }

task<report> returns(long count, long in_flight) {
    const pyasync::py::object native = co_await pyasync::on_asyncio(&nop_function);
    co_return co_await measure(there_and_back{native}, count, in_flight);
}
task<report> b9_sequential(const request& asked) { return returns(asked.count, 1); }
task<report> b9_at_once(const request& asked) { return returns(asked.count, asked.in_flight()); }

}  // namespace

void add_awaits_of_python(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b3", &b3},
                    {"b4", &b4},
                    {"b5_sequential", &b5_sequential},
                    {"b5_at_once", &b5_at_once},
                    {"b9_sequential", &b9_sequential},
                    {"b9_at_once", &b9_at_once}});
}

}  // namespace bench
