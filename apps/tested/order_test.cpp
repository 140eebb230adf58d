// apps/tested/order_test.cpp: tests that are coroutines; the main thread is asyncio's.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <thread>

#include <pyasync/pyasync.hpp>
#include <pyasync/testing.hpp>

#include "order.hpp"

using namespace std::chrono_literals;
namespace py = pyasync::py;

PYASYNC_TEST_CASE("an order costs what its items cost") {
    CHECK(co_await total("tea cake") == 7);
    SUBCASE("nothing costs nothing") { CHECK(co_await total("") == 0); }
    SUBCASE("twice is twice as much") { CHECK(co_await total("honey honey") == 18); }
}

PYASYNC_TEST_CASE("what is not sold is an error" * doctest::timeout(5)) {
    CHECK_THROWS_AS(co_await total("tea coffee"), py::python_error);
}

PYASYNC_TEST_CASE_LOOP("the prices come from the case's event loop", loop) {
    CHECK(co_await pyasync::on_asyncio([&](py::python py) { return pyasync::get_running_loop(py).is(loop.bind(py)); }));
}

PYASYNC_TEST_CASE_BLOCKING("a blocking client") {
    auto order = pyasync::spawn(total("cake"));
    while (!order.done()) std::this_thread::sleep_for(1ms);
}

PYASYNC_TEST_MAIN()
