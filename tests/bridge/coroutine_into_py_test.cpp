// tests/bridge/coroutine_into_py_test.cpp: one task as a coroutine object.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/coroutine_into_py.hpp>

#include <string>

#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

task<int> later(int number) {
    co_await pyasync::uv::sleep(0ms);
    co_return number;
}

}  // namespace

PYASYNC_TEST_CASE("a task becomes a coroutine, which runs when it is awaited") {
    const auto make = [](py::python p, bool how) {
        return pyasync::coroutine_into_py(p, later(4), "later", {.inline_start = how}).unbind();
    };
    for (const bool inline_start : {false, true}) {
        py::object made = co_await on_asyncio(make, inline_start);
        const std::string shown = co_await on_asyncio(
            [](py::python p, const py::object& o) { return o.bind(p).attr("__name__").str(); }, std::cref(made));
        CHECK(shown == "later");
        auto running = co_await on_asyncio(
            [](py::python p, const py::object& o) { return pyasync::into_future<int>(o.bind(p)); }, std::move(made));
        CHECK(co_await std::move(running) == 4);
    }
}

PYASYNC_TEST_CASE("one that nobody awaits never runs, and is freed") {
    co_await on_asyncio([](py::python p) { pyasync::coroutine_into_py(p, later(4), "later").call_method("close"); });
}
