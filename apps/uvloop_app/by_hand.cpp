// apps/uvloop_app/by_hand.cpp: uvloop without the macro: what it does, written out.
// SPDX-License-Identifier: MIT
#include "on_uvloop.hpp"

int main() try {
    pyasync::interpreter python;  // initialises CPython here, and finalises it last
    pyasync::with_gil([](pyasync::py::python py) {
        py.import("uvloop").attr("install")();  // from now on a new event loop is uvloop's
        pyasync::run(py, on_uvloop());          // makes one, as asyncio.run does
    });
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
}
