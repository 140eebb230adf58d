// tests/support/python_main.cpp: main() of the test programs whose cases share one Python interpreter.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>

#include <pyasync/py/interpreter.hpp>

/// A case that uses Python takes the GIL for itself: `const py::gil held; const py::python py = held.token();`.
int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    pyasync::py::interpreter python({.arguments = {argv[0]}});
    const int result = context.run();
    if (!python.finalise(std::chrono::seconds(10))) {
        std::fputs("a thread has kept the GIL after the last test case\n", stderr);
        python.abandon();
        return 1;
    }
    return result;
}
