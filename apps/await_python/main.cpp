// apps/await_python/main.cpp: C++ awaits Python: a value, an exception, and a coroutine that is awaited twice.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

pyasync::task<> value() {
    // By name: import, call, await and convert in one.
    const int called = co_await pyasync::call<int>("oracle:answer", "life, the universe and everything");
    fmt::print("call: the answer is {}\n", called);

    // By hand: the coroutine is on its way as soon as into_future has it, and is awaited when its value is needed.
    // with_gil waits for the GIL right here; a task that must not keep its loop waiting uses on_asyncio, as below.
    pyasync::future<int> future = pyasync::with_gil([](py::python py) {
        return pyasync::into_future<int>(py.import("oracle").attr("answer")("how long is this?"));
    });
    fmt::print("into_future: the answer is {}\n", co_await std::move(future));
}

pyasync::task<> exception() {
    try {
        co_await pyasync::call<double>("oracle:ratio", 1, 0);
    } catch (const py::python_error& error) {
        fmt::print("\noracle.ratio(1, 0) has raised, and what() is its traceback:\n{}\n", error.what());
        fmt::print("an ArithmeticError: {}, a ValueError: {}\n", error.matches("ArithmeticError"),
                   error.matches("ValueError"));
    }
}

pyasync::task<> awaited_twice() {
    // A py::object may be kept and moved without the GIL; to be used it is bound to it again.
    const py::object coroutine = co_await pyasync::on_asyncio(
        [](py::python py) { return py.import("oracle").attr("answer")("once?").unbind(); });
    const auto schedule = [&coroutine](py::python py) { return pyasync::into_future<int>(coroutine.bind(py)); };

    pyasync::future<int> first = co_await pyasync::on_asyncio(schedule);
    fmt::print("\nonce: the answer is {}\n", co_await std::move(first));

    pyasync::future<int> second = co_await pyasync::on_asyncio(schedule);
    try {
        co_await std::move(second);
    } catch (const py::python_error& error) {
        fmt::print("twice: {}\n", error.what());
    }
}

pyasync::task<> run() {
    co_await value();
    co_await exception();
    co_await awaited_twice();
}

}  // namespace

PYASYNC_MAIN(run)
