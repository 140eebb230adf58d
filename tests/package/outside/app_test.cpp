// tests/package/outside/app_test.cpp: a test that has Python.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<int> number() { co_return co_await pyasync::call<int>("outside_data.number:NUMBER.__int__"); }

}  // namespace

TEST_CASE("a module beside the test is imported") {
    pyasync::interpreter python;
    CHECK(pyasync::with_gil([](pyasync::py::python py) { return pyasync::run(py, number()); }) == 42);
}
