// docs/examples/threads.cpp: which code runs on which thread.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <thread>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

// [where]
pyasync::task<> where() {
    const auto home = std::this_thread::get_id();  // a libuv thread

    const auto on_asyncio = co_await pyasync::on_asyncio(
        [](py::python) { return std::this_thread::get_id(); });
    const auto in_the_pool =
        co_await pyasync::spawn_blocking([] { return std::this_thread::get_id(); });

    fmt::print("three threads: {}\n",
               home != on_asyncio && on_asyncio != in_the_pool && in_the_pool != home);
    fmt::print("home again: {}\n", std::this_thread::get_id() == home);
}
// [/where]

// [bound]
pyasync::task<> keep() {
    const py::object path = co_await pyasync::on_asyncio(
        [](py::python py) { return py.import("sys").attr("path").unbind(); });
    // Here nobody holds the GIL: the reference may be kept, moved, let go.
    const auto length = [&path](py::python py) {
        const py::bound list = path.bind(py);
        return list.call_method("__len__").to<int>();
    };
    fmt::print("somewhere to look: {}\n", co_await pyasync::on_asyncio(length) > 0);
}
// [/bound]

pyasync::task<> run() {
    co_await where();
    co_await keep();
}

}  // namespace

PYASYNC_MAIN(run)
