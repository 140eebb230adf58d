// docs/examples/awaiting_python.cpp: the ways in which C++ awaits Python.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

// [call]
pyasync::task<> by_name() {
    auto slept = co_await pyasync::call<std::string>("example:py_sleep", 0.01);
    fmt::print("{}\n", slept);
}
// [/call]

// [into_future]
pyasync::task<> by_hand() {
    pyasync::future<std::string> sleeping =
        co_await pyasync::on_asyncio([](py::python py) {
            const py::bound example = py.import("example");
            const py::bound coroutine =
                example.attr("py_sleep")(0.02);  // nothing of it has run yet
            return pyasync::into_future<std::string>(coroutine);
        });
    fmt::print("{}\n", co_await std::move(sleeping));
}
// [/into_future]

// [method]
pyasync::task<> of_an_object() {
    py::object greeter = co_await pyasync::call("example:Greeter", "Good evening");

    const auto greet = [&greeter](py::python py) {
        const py::bound method = greeter.bind(py).attr("greet");
        return pyasync::into_future<std::string>(method("C++", py::kw("mark") = "!"));
    };
    fmt::print("{}\n", co_await co_await pyasync::on_asyncio(greet));
}
// [/method]

// [twice]
pyasync::task<> twice() {
    const py::object coroutine = co_await pyasync::on_asyncio(
        [](py::python py) { return py.import("example").attr("answer")().unbind(); });
    const auto schedule = [&coroutine](py::python py) {
        return pyasync::into_future<int>(coroutine.bind(py));
    };

    fmt::print("{}\n", co_await co_await pyasync::on_asyncio(schedule));
    try {
        co_await co_await pyasync::on_asyncio(schedule);
    } catch (const py::python_error& error) {
        fmt::print("{}\n", error.what());
    }
}
// [/twice]

// [limits]
pyasync::task<> not_for_ever() {
    try {
        co_await pyasync::timeout(10ms, pyasync::call("example:py_sleep", 3600));
    } catch (const pyasync::timed_out&) {
        fmt::print("an hour is too long\n");
    }
}
// [/limits]

pyasync::task<> run() {
    co_await by_name();
    co_await by_hand();
    co_await of_an_object();
    co_await twice();
    co_await not_for_ever();
}

}  // namespace

PYASYNC_MAIN(run)
