// apps/native_module/src/module.cpp: what the extension module offers.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <string>

#include <pyasync/pyasync.hpp>

#include "echo.hpp"

namespace py = pyasync::py;

namespace {

using seconds = std::chrono::duration<double>;

/// A libuv timer; Python's loop, and its GIL, are free meanwhile.
pyasync::task<int> cpp_sleep(seconds length) {
    co_await pyasync::uv::sleep(length);
    co_return 42;
}

/// An async generator: `async for n in ticks(3)`.
pyasync::async_generator<int> ticks(int count, seconds interval) {
    for (int i = 0; i < count; ++i) {
        co_await pyasync::uv::sleep(interval);
        co_yield i;
    }
}

/// FNV-1a of the bytes, where they are. Python keeps the memory for as long as this runs.
std::uint64_t fnv(const py::buffer& data) {
    constexpr std::uint64_t offset = 14695981039346656037U;
    constexpr std::uint64_t prime = 1099511628211U;
    std::uint64_t hash = offset;
    for (const std::byte each : data.bytes()) hash = (hash ^ static_cast<std::uint64_t>(each)) * prime;
    return hash;
}

/// Long work goes to a thread of libuv's pool, so that neither loop waits for it.
pyasync::task<std::uint64_t> checksum(py::buffer data) {
    co_return co_await pyasync::spawn_blocking(&fnv, std::move(data));
}

}  // namespace

PYASYNC_MODULE(_native, m) {
    m.doc("C++ coroutines to await.");
    m.def("sleep", &cpp_sleep, {"seconds"}, "Sleep for that many seconds, then return 42.");
    m.def("echo", &native::echo, {"host", "port", pyasync::arg("text") = "hello"},
          "Send a text to a TCP server, and return as much as was sent of what comes back.");
    m.def("ticks", &ticks, {"count", pyasync::arg("interval") = 0.01}, "Count, with pauses of so many seconds.");
    m.def("checksum", &checksum, {"data"}, "The FNV-1a checksum of a buffer, which is not copied.");
}
