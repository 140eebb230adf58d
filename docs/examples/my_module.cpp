// docs/examples/my_module.cpp: the extension module that the guide's Python awaits.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

// [coroutine]
pyasync::task<int> cpp_sleep(std::chrono::duration<double> seconds) {
    co_await pyasync::uv::sleep(seconds);
    co_return 42;
}
// [/coroutine]

// [generator]
pyasync::async_generator<int> countdown(int from) {
    for (; from > 0; --from) {
        co_await pyasync::uv::sleep(1ms);
        co_yield from;
    }
}
// [/generator]

// [inline]
pyasync::task<std::string> lookup(std::string key) {
    static const std::map<std::string, std::string> cache{{"colour", "red"}};
    if (const auto known = cache.find(key); known != cache.end())
        co_return known->second;       // on Python's own thread
    co_await pyasync::uv::sleep(1ms);  // from here on the libuv loop
    throw std::out_of_range("there is no " + key);
}
// [/inline]

// [cleanup]
pyasync::task<std::string> careful() {
    bool stopped = false;
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
        stopped = true;
    }
    co_await pyasync::uv::sleep(1ms);  // Python waits for this, too
    co_return stopped ? "was stopped, and has tidied up" : "an hour has passed";
}
// [/cleanup]

// [awaitable]
pyasync::task<std::string> shout(py::object awaitable) {
    const auto schedule = [&awaitable](py::python py) {
        return pyasync::into_future<std::string>(awaitable.bind(py));
    };
    co_return co_await co_await pyasync::on_asyncio(schedule) + "!";
}
// [/awaitable]

// [callable]
pyasync::task<std::string> shout_often(py::object function, int times) {
    const auto schedule = [&function](py::python py) {
        return pyasync::into_future<std::string>(function.bind(py)());
    };
    std::string all;
    for (; times > 0; --times)
        all += co_await co_await pyasync::on_asyncio(schedule) + "!";
    co_return all;
}
// [/callable]

}  // namespace

// [module]
PYASYNC_MODULE(my_module, m) {
    m.def("cpp_sleep", &cpp_sleep, {"seconds"},
          "Sleep for that many seconds, then return 42.");
    m.def("countdown", &countdown, {"from_"}, "Count down to one.");
    m.def("lookup", &lookup, {"key"}, "Look a key up.", {.inline_start = true});
    m.def("careful", &careful, "Wait for an hour, and tidy up.");
    // [/module]
    // [hot]
    m.def(
        "start_sleep",
        [](py::python py, double seconds) {
            return pyasync::future_into_py(
                py, cpp_sleep(std::chrono::duration<double>(seconds)));
        },
        {"seconds"}, "Begin to sleep at once.");
    // [/hot]
    // [awaiting]
    m.def("shout", &shout, {"awaitable"}, "Await it, and be loud.");
    m.def("shout_often", &shout_often, {"function", "times"},
          "Await what it returns, that many times.");
    // [/awaiting]
    // [blocking]
    m.def(
        "shout_and_block",
        [](py::python py, py::object coroutine) {
            return pyasync::run(py, shout(std::move(coroutine)));
        },
        {"coroutine"}, "What shout does, for a program without an event loop.");
    // [/blocking]
}
