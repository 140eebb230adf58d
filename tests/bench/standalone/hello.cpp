// tests/bench/standalone/hello.cpp: the least that Python can do.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

int main() {
    const pyasync::interpreter python;
    pyasync::with_gil([](pyasync::py::python py) { py.import("builtins").attr("print")("hello"); });
}
