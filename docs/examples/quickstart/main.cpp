// docs/examples/quickstart/main.cpp: the application of the quick start.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

pyasync::task<> run() {
    co_await pyasync::call("asyncio:sleep", 0.1);  // asyncio, on the main thread
    co_await pyasync::uv::sleep(100ms);            // libuv, on a thread of its own
    auto greeting = co_await pyasync::call<std::string>("example:greet", "C++");
    fmt::print("{}\n", greeting);
}

PYASYNC_MAIN(run)
