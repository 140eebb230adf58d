// apps/await_cpp/main.cpp: Python awaits C++ futures, many at once, while a libuv timer ticks in between.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cmath>
#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

/// What Python awaits. A C++ exception becomes the Python exception that means the same: here a ValueError.
pyasync::task<double> slow_root(double x) {
    co_await pyasync::uv::sleep(100ms);
    if (x < 0) throw std::domain_error(fmt::format("{} has no real root", x));
    co_return std::sqrt(x);
}

/// Counts a timer's ticks until it is cancelled. A task may catch its cancellation, and still have a result.
pyasync::task<int> metronome() {
    int ticks = 0;
    try {
        for (;; ++ticks) co_await pyasync::uv::sleep(10ms);
    } catch (const pyasync::cancelled&) {
    }
    co_return ticks;
}

pyasync::task<> run() {
    // The task<double> that the function returns starts at once, and is an asyncio.Future to Python.
    py::object root = co_await pyasync::on_asyncio([](py::python py) {
        return py::function(py, "slow_root", &slow_root, "The square root, after 0.1 s.").unbind();
    });

    // What runs already can be handed over as well.
    co_await pyasync::call("crowd:run", std::move(root), pyasync::spawn(metronome()));
}

}  // namespace

PYASYNC_MAIN(run)
