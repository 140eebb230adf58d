// tests/bench/ours/awaits_of_cpp.cpp: Python awaits C++: b1, b2, b12, b15.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>

#include "bench.hpp"
#include "native.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

pyasync::task<report> one_after_another(pyasync::py::object (*make)(pyasync::py::python), long count) {
    const pyasync::py::object native = co_await pyasync::on_asyncio(make);
    (void)co_await pyasync::call<long>("scenario:sequential", std::cref(native), std::max(count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const long sum = co_await pyasync::call<long>("scenario:sequential", std::cref(native), count);
    co_return report{count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
}

pyasync::task<report> b1(const request& asked) { return one_after_another(&nop_function, asked.count); }
pyasync::task<report> b12(const request& asked) { return one_after_another(&inline_function, asked.count); }

pyasync::task<report> gathered(long count, long in_flight) {
    const long warm_up = std::max(count / 10 / in_flight, 1L) * in_flight;
    const pyasync::py::object native = co_await pyasync::on_asyncio(&nop_function);
    (void)co_await pyasync::call<long>("scenario:at_once", std::cref(native), warm_up, in_flight);
    restart_crossings();
    const stopwatch watch;
    const long sum = co_await pyasync::call<long>("scenario:at_once", std::cref(native), count, in_flight);
    co_return report{count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
}

pyasync::task<report> at_once(const request& asked) { return gathered(asked.count, asked.in_flight()); }

/// One gather of `count`; a small one is repeated until there is something to measure.
pyasync::task<report> growth(const request& asked) {
    constexpr long least = 5000;
    const long in_flight = asked.in_flight();
    return gathered(std::max(asked.count, (least + in_flight - 1) / in_flight * in_flight), in_flight);
}

}  // namespace

void add_awaits_of_cpp(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b1", &b1}, {"b2", &at_once}, {"b12", &b12}, {"b15", &growth}});
}

}  // namespace bench
