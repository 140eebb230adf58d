// src/module.cpp: the C++ of @name@: coroutines that Python awaits.
#include <chrono>
#include <string>

#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<std::string> greet(std::string name, double after) {
    co_await pyasync::uv::sleep(std::chrono::duration<double>(after));  // libuv, on a thread of its own
    co_return "Good morning, " + name;
}

pyasync::async_generator<int> countdown(int from) {
    for (; from > 0; --from) co_yield from;
}

}  // namespace

PYASYNC_MODULE(_native, m) {
    m.doc("C++ coroutines to await.");
    m.def("greet", &greet, {"name", pyasync::arg("after") = 0.01}, "Greet, after so many seconds.");
    m.def("countdown", &countdown, {"start"}, "Count down to one.");
}
