// apps/hello/main.cpp: the quick start: C++ awaits asyncio.sleep, and a libuv timer.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace {

pyasync::task<> hello() {
    co_await pyasync::call("asyncio:sleep", 0.1);  // asyncio, on the main thread
    fmt::print("asyncio has slept\n");
    co_await pyasync::uv::sleep(100ms);  // libuv, on the loop thread
    fmt::print("libuv has slept\n");
}

}  // namespace

PYASYNC_MAIN(hello)
