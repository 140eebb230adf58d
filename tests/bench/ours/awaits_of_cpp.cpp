// tests/bench/ours/awaits_of_cpp.cpp: Python awaits C++: b1, b2, b15.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "bench.hpp"
#include "native.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

pyasync::task<report> one_after_another(const request& asked) {
    const long count = asked.count;
    (void)co_await pyasync::call<long>("scenario:sequential", co_await pyasync::on_asyncio(&nop_function),
                                       std::max(count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const long sum =
        co_await pyasync::call<long>("scenario:sequential", co_await pyasync::on_asyncio(&nop_function), count);
    co_return report{count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
}

pyasync::task<report> gathered(long count, long in_flight) {
    const long warm_up = std::max(count / 10 / in_flight, 1L) * in_flight;
    (void)co_await pyasync::call<long>("scenario:at_once", co_await pyasync::on_asyncio(&nop_function), warm_up,
                                       in_flight);
    restart_crossings();
    const stopwatch watch;
    const long sum =
        co_await pyasync::call<long>("scenario:at_once", co_await pyasync::on_asyncio(&nop_function), count, in_flight);
    co_return report{count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
}

pyasync::task<report> at_once(const request& asked) { return gathered(asked.count, asked.in_flight()); }

/// One gather of `count`; a small one is repeated until there is something to measure.
pyasync::task<report> growth(const request& asked) {
    constexpr long least = 20000;
    const long in_flight = asked.in_flight();
    return gathered(std::max(asked.count, (least + in_flight - 1) / in_flight * in_flight), in_flight);
}

}  // namespace

void add_awaits_of_cpp(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b1", &one_after_another}, {"b2", &at_once}, {"b15", &growth}});
}

}  // namespace bench
