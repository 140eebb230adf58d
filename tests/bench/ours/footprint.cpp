// tests/bench/ours/footprint.cpp: memory of what is in flight, and the length of a short life: b8, b10.
// SPDX-License-Identifier: MIT
#include <functional>
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

task<report> b8_python_awaits(const request& asked) {
    const py::object native = co_await on_asyncio(&pending_function);
    const py::object begun =
        co_await on_asyncio([](py::python p) { return py::function(p, "begun", &crossings).unbind(); });
    (void)co_await call<double>("scenario:bytes_in_flight", std::cref(native), 1, std::cref(begun));
    restart_crossings();
    const stopwatch watch;
    const double bytes =
        co_await call<double>("scenario:bytes_in_flight", std::cref(native), asked.count, std::cref(begun));
    co_return report{asked.count, crossings(), 0, watch.seconds(), watch.cpu_seconds(), {{"bytes", bytes}}};
}

task<report> b8_native_awaits(const request& asked) {
    co_await call("scenario:restart");
    co_await call("gc:collect");
    const stopwatch watch;
    const long before = co_await call<long>("scenario:resident_bytes");
    std::vector<pyasync::future<py::object>> running;
    running.reserve(static_cast<std::size_t>(asked.count));
    for (long i = 0; i < asked.count; ++i) running.push_back(pyasync::spawn(call("scenario:pending")));
    while (co_await call<long>("scenario:crossings") < asked.count)
        co_await pyasync::uv::sleep(std::chrono::milliseconds(5));
    co_await call("gc:collect");
    const long after = co_await call<long>("scenario:resident_bytes");
    const long begun = co_await call<long>("scenario:crossings");
    report found{asked.count, begun, 0, watch.seconds(), watch.cpu_seconds()};
    found.values["bytes"] = static_cast<double>(after - before) / static_cast<double>(asked.count);
    co_return found;
}

/// The harness measures the whole process; Python is always finalised in full.
task<report> b10(const request& asked) {
    const stopwatch watch;
    co_await call("asyncio:sleep", 0);
    co_return report{asked.count, 0, 0, watch.seconds(), watch.cpu_seconds()};
}

}  // namespace

void add_footprint(std::map<std::string_view, bench_function>& benches) {
    benches.insert({{"b8_python_awaits", &b8_python_awaits}, {"b8_native_awaits", &b8_native_awaits}, {"b10", &b10}});
}

}  // namespace bench
