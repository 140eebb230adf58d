// apps/standalone_hello/main.cpp: a program that is one file: it has Python, and its own Python code, inside.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<> hello() {
    const auto text = co_await pyasync::call<std::string>("greeting:greet", "world");
    fmt::print("{}\n", text);
    const auto place = co_await pyasync::on_asyncio([](pyasync::py::python py) {
        const auto file = py.import("greeting").attr("__file__").to<std::string>();
        const auto executable = py.import("sys").attr("executable").to<std::string>();
        return file.starts_with(executable + "/") ? "in the executable" : file;
    });
    fmt::print("greeting.py is {}\n", place);
}

}  // namespace

PYASYNC_MAIN(hello)
