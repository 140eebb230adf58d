// docs/examples/event_loop_references.cpp: event loop and context, by name.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <thread>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

// [context]
pyasync::task<std::string> serve(std::string name) {
    co_await pyasync::call("example:set_request", name);
    co_await pyasync::uv::sleep(1ms);
    co_return co_await pyasync::call<std::string>("example:current_request");
}

pyasync::task<> serve_two() {
    auto [first, second] = co_await pyasync::when_all(serve("first"), serve("second"));
    fmt::print("{}, {}, {}\n", first, second,
               co_await pyasync::call<std::string>("example:current_request"));
}
// [/context]

// [thread]
pyasync::task<> answer_the_door() {
    const auto locals = co_await pyasync::on_asyncio(
        [](py::python py) { return pyasync::get_current_locals(py); });
    std::thread visitor([locals] {
        pyasync::with_gil([&locals](py::python py) {
            pyasync::into_future(locals, py.import("example").attr("ring")()).detach();
        });
    });
    co_await pyasync::call("example:wait_for_the_bell");
    visitor.join();
    fmt::print("somebody has rung\n");
}
// [/thread]

// [scope]
pyasync::task<> in_an_empty_context() {
    co_await pyasync::call("example:set_request", "third");
    const auto empty = co_await pyasync::on_asyncio([](py::python py) {
        return pyasync::task_locals::with_loop(pyasync::get_current_loop(py));
    });
    auto inside = co_await pyasync::scope(empty, []() -> pyasync::task<std::string> {
        co_return co_await pyasync::call<std::string>("example:current_request");
    }());
    fmt::print("{}, {}\n", inside,
               co_await pyasync::call<std::string>("example:current_request"));
}
// [/scope]

pyasync::task<> run() {
    co_await serve_two();
    co_await answer_the_door();
    co_await in_an_empty_context();
}

}  // namespace

PYASYNC_MAIN(run)
