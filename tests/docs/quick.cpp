// tests/docs/quick.cpp: the module of docs/modules.md.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<std::string> greet(std::string name, double after) {
    co_await pyasync::uv::sleep(std::chrono::duration<double>(after));
    co_return "Good morning, " + name;
}

namespace py = pyasync::py;

pyasync::task<int> ask(const py::object& question) {
    co_return co_await pyasync::on_asyncio([&question](py::python py) { return question.bind(py)().to<int>(); });
}

}  // namespace

PYASYNC_MODULE(quick, m) {
    m.def("greet", &greet, {"name", pyasync::arg("after") = 0.1}, "Greets, after so many seconds.");
    m.def("ask", &ask, {"question"}, "Asks a callable for a number.");
}
