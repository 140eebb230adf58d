// docs/examples/event_loops.cpp: a loop of the program's own, used twice.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

// [blocking]
std::size_t count_primes(
    int below) {  // computes: it would keep its loop from everything else
    std::size_t count = 0;
    for (int n = 2; n < below; ++n) {
        bool prime = true;
        for (int d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
        if (prime) ++count;
    }
    return count;
}

pyasync::task<std::size_t> primes(int below) {
    co_return co_await pyasync::spawn_blocking(&count_primes, below);
}
// [/blocking]

// [own loop]
int main() {
    pyasync::interpreter python;
    pyasync::with_gil([](py::python py) {
        const py::bound loop = py.import("asyncio").attr("new_event_loop")();
        fmt::print("{}\n", pyasync::run_until_complete(py, loop, primes(1000)));
        fmt::print("{}\n", pyasync::run_until_complete(py, loop, primes(10'000)));
        loop.call_method("close");
    });
}
// [/own loop]
