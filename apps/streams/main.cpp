// apps/streams/main.cpp: a Python async generator feeds a C++ one, which feeds Python's async for.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

/// C++ consumes Python's async generator, and is a generator itself.
pyasync::async_generator<double> means_of_three(pyasync::stream<double> readings, int count) {
    for (; count > 0; --count) {
        double sum = 0;
        for (int i = 0; i < 3; ++i) sum += (co_await readings.next()).value();
        co_yield sum / 3;
    }
    // Here `readings` is destroyed, and with that the Python generator is closed.
}

/// May wait between its items; those that are there cost Python no crossing.
pyasync::async_generator<int> count_to(int last) {
    co_await pyasync::uv::sleep(10ms);
    for (int i = 1; i <= last; ++i) co_yield i;
}

pyasync::task<> run() {
    pyasync::stream<double> readings = co_await pyasync::on_asyncio(
        [](py::python py) { return pyasync::into_stream<double>(py.import("weather").attr("readings")()); });
    co_await pyasync::call("weather:report", means_of_three(std::move(readings), 3));
    co_await pyasync::call("weather:until_put_away");

    fmt::print("Python has added up: {}\n", co_await pyasync::call<int>("weather:total", count_to(10'000)));

    pyasync::async_generator<int> numbers = count_to(3);
    while (const auto number = co_await numbers.next()) fmt::print("C++ has counted to {}\n", *number);
}

}  // namespace

PYASYNC_MAIN(run)
