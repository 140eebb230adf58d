// tests/bench/standalone/plain.cpp: W as a Python program would be it, without loops of C++.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

int main() {
    const pyasync::interpreter python;
    pyasync::with_gil([](pyasync::py::python py) { py.import("asyncio").attr("run")(py.import("w").attr("main")()); });
}
