// tests/python/importing_app.cpp: an application whose Python imports an extension module that is made with pyasync.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace {

pyasync::task<> run() {
    fmt::print("the module's C++: {}\n", co_await pyasync::call<int>("native:sleep", 0.01));
    co_await pyasync::uv::sleep(1ms);
    const auto mine = pyasync::spawn(pyasync::uv::sleep(1h));  // both runtimes have work in flight at the end
    pyasync::spawn(pyasync::call("native:sleep", 3600)).detach();
    co_await pyasync::call("asyncio:sleep", 0.01);
    try {
        co_await pyasync::call("native:fail", "broken");
    } catch (const pyasync::py::python_error& error) {
        fmt::print("its exception: {}\n", error.matches("native.CppError"));
    }
}

}  // namespace

PYASYNC_MAIN(run)
