// tests/python/other.cpp: a second extension module in the same process, with a runtime of its own.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <stdexcept>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

pyasync::task<int> cpp_sleep(std::chrono::duration<double> length) {
    co_await pyasync::uv::sleep(length);
    co_return 43;
}

pyasync::task<py::object> await_what(py::object awaitable) {
    auto running = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& a) { return pyasync::into_future(a.bind(p)); }, std::move(awaitable));
    co_return co_await std::move(running);
}

pyasync::task<> fail() {
    co_await pyasync::uv::sleep(std::chrono::milliseconds(0));
    throw std::runtime_error("other");
}

}  // namespace

PYASYNC_MODULE(other, m) {
    m.def("sleep", &cpp_sleep, {"seconds"});
    m.def("await_what", &await_what, {"awaitable"});
    m.def("fail", &fail);
}
