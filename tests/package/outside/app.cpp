// tests/package/outside/app.cpp: an application: what Python answers, and which Python it is.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace {

pyasync::task<> run() {
    co_await pyasync::uv::sleep(1ms);
    fmt::print("{}\n", co_await pyasync::call<std::string>("outside_python:answer"));
    fmt::print("{}\n", co_await pyasync::call<std::string>("outside_python:prefix"));
}

}  // namespace

PYASYNC_MAIN(run)
