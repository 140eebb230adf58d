// tests/bench/standalone/asyncio.cpp: an application of asyncio and json alone.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

namespace {
pyasync::task<> run() { co_await pyasync::call("light:main"); }
}  // namespace

PYASYNC_MAIN(run)
