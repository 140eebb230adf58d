// apps/native_uvloop/module.cpp: C++ that is indifferent to the event loop that awaits it.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

/// Waits on the module's libuv loop, then on Python's event loop, whichever that is, and says which it was.
pyasync::task<std::string> sleep_on_both(std::chrono::duration<double> seconds) {
    co_await pyasync::uv::sleep(seconds);
    co_await pyasync::call("asyncio:sleep", seconds);
    co_return co_await pyasync::on_asyncio([](py::python p) { return pyasync::get_current_loop(p).type_name(); });
}

}  // namespace

PYASYNC_MODULE(native_uvloop, m) {
    m.def("sleep_on_both", &sleep_on_both, {"seconds"}, "Sleep twice, and return the name of the event loop's type.");
}
