// docs/examples/applications.cpp: a program with a command line and an exit code.
// SPDX-License-Identifier: MIT
#include <cstdlib>

#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

pyasync::task<int> run(pyasync::arguments command_line) {
    if (command_line.size() != 2) {
        fmt::print(stderr, "usage: {} URL\n", command_line.at(0));
        co_return EXIT_FAILURE;
    }
    fmt::print("{}\n",
               co_await pyasync::call<std::string>("example:fetch", command_line[1], 3));
    co_return EXIT_SUCCESS;
}

PYASYNC_MAIN(run, {.event_loop = "asyncio", .loop_threads = 2})
