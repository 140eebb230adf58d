// apps/uvloop_app/on_uvloop.hpp: the task of both programs: makes sure that its event loop is uvloop's.
// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

inline pyasync::task<> on_uvloop() {
    using namespace std::chrono_literals;

    co_await pyasync::on_asyncio([](pyasync::py::python py) {
        const pyasync::py::bound loop = pyasync::get_running_loop(py);
        if (!loop.is_instance(py.import("uvloop").attr("Loop"))) {
            throw std::runtime_error(fmt::format("this is no uvloop.Loop: {}", loop.repr()));
        }
    });
    fmt::print("the running event loop is a uvloop.Loop\n");

    co_await pyasync::call("asyncio:sleep", 0.1);  // asyncio's function, uvloop's timer
    fmt::print("uvloop has slept\n");
    co_await pyasync::uv::sleep(100ms);  // C++ tasks have a libuv loop of their own, on its own thread
    fmt::print("libuv has slept\n");
}
