// tests/docs/quick.cpp: the module of docs/modules.md.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<std::string> greet(std::string name, double after) {
    co_await pyasync::uv::sleep(std::chrono::duration<double>(after));
    co_return "Good morning, " + name;
}

}  // namespace

PYASYNC_MODULE(quick, m) {
    m.def("greet", &greet, {"name", pyasync::arg("after") = 0.1}, "Greets, after so many seconds.");
}
