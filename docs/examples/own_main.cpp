// docs/examples/own_main.cpp: what PYASYNC_MAIN does, written out.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

pyasync::task<int> answer() {
    co_await pyasync::uv::sleep(1ms);
    co_return co_await pyasync::call<int>("example:answer");
}

int main() {
    pyasync::interpreter python;  // initialises CPython here, finalises it at the end
    return pyasync::with_gil([](py::python py) {
        const int number =
            pyasync::run(py, answer());  // on a new event loop, as asyncio.run does
        fmt::print("{}\n", number);
        return number == 42 ? 0 : 1;
    });
}
