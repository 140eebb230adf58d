// tests/bench/ours/streams.cpp: items of a stream, each way: b11.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>

#include "bench.hpp"
#include "native.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
namespace py = pyasync::py;

task<long> sum_of_items(long count) {
    const auto open = [](py::python p, long items) {
        return pyasync::into_stream<long>(p.import("scenario").attr("stream")(items));
    };
    pyasync::stream<long> items = co_await on_asyncio(open, count);
    long sum = 0;
    while (const auto item = co_await items.next()) sum += *item;
    co_return sum;
}

task<report> python_to_native(const request& asked) {
    (void)co_await sum_of_items(std::max(asked.count / 10, 1L));
    co_await call("scenario:restart");
    const stopwatch watch;
    const long sum = co_await sum_of_items(asked.count);
    report found{asked.count, 0, sum, watch.seconds(), watch.cpu_seconds()};
    found.crossings = co_await call<long>("scenario:crossings");
    co_return found;
}

task<long> consumed(const py::object& numbers, long count) {
    // What the function returns is an async iterator.
    const auto items = [](py::python p, const py::object* make, long number) { return make->bind(p)(number).unbind(); };
    const py::object stream = co_await on_asyncio(items, &numbers, count);
    co_return co_await call<long>("scenario:consume", std::cref(stream));
}

task<report> native_to_python(const request& asked) {
    const py::object numbers = co_await on_asyncio(&numbers_function);
    (void)co_await consumed(numbers, std::max(asked.count / 10, 1L));
    restart_crossings();
    const stopwatch watch;
    const long sum = co_await consumed(numbers, asked.count);
    co_return report{asked.count, crossings(), sum, watch.seconds(), watch.cpu_seconds()};
}

}  // namespace

void add_streams(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b11_python_to_native", &python_to_native}, {"b11_native_to_python", &native_to_python}});
}

}  // namespace bench
