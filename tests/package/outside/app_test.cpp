// tests/package/outside/app_test.cpp: a test that has Python.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>
#include <pyasync/testing.hpp>

PYASYNC_TEST_CASE("a module beside the test is imported") {
    CHECK(co_await pyasync::call<int>("outside_data.number:NUMBER.__int__") == 42);
}

PYASYNC_TEST_MAIN()
