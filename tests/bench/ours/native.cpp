// tests/bench/ours/native.cpp: the C++ coroutines that Python awaits.
// SPDX-License-Identifier: MIT
#include "native.hpp"

#include <atomic>
#include <chrono>

namespace bench {
namespace {

std::atomic<long> count{0};

}  // namespace

long crossings() { return count.load(); }
void restart_crossings() { count.store(0); }

pyasync::task<long> native_nop() { co_return count.fetch_add(1, std::memory_order_relaxed) + 1; }

pyasync::task<> native_pending() {
    count.fetch_add(1, std::memory_order_relaxed);
    co_await pyasync::uv::sleep(std::chrono::hours(1));
}

namespace {
pyasync::task<long> at_once() {
    count.fetch_add(1, std::memory_order_relaxed);
    co_return 1;
}
}  // namespace

pyasync::async_generator<long> native_numbers(long items) {
    for (long i = 0; i < items; ++i) co_yield count.fetch_add(1, std::memory_order_relaxed) + 1;
}

pyasync::py::object numbers_function(pyasync::py::python py) {
    return pyasync::py::function(py, "native_numbers", &native_numbers).unbind();
}

pyasync::py::object inline_function(pyasync::py::python py) {
    return pyasync::coroutine_function(py, "at_once", &at_once, {.inline_start = true}).unbind();
}

pyasync::py::object nop_function(pyasync::py::python py) {
    return pyasync::py::function(py, "native_nop", &native_nop).unbind();
}

pyasync::py::object pending_function(pyasync::py::python py) {
    return pyasync::py::function(py, "native_pending", &native_pending).unbind();
}

}  // namespace bench
