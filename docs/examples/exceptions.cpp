// docs/examples/exceptions.cpp: exceptions that cross, in both directions.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <stdexcept>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

// [python]
pyasync::task<> from_python() {
    try {
        co_await pyasync::call("example:divide", 1, 0);
    } catch (const py::python_error& error) {
        fmt::print("ArithmeticError: {}, ValueError: {}\n",
                   error.matches("ArithmeticError"), error.matches("ValueError"));
    }
}
// [/python]

// [cpp]
pyasync::task<> find(std::string key) {
    throw std::out_of_range("there is no " + key);
    co_return;
}

pyasync::task<> from_cpp() { co_await pyasync::call("example:report", find("key")); }
// [/cpp]

// [register]
struct no_such_user : std::runtime_error {
    using std::runtime_error::runtime_error;
};

pyasync::task<> log_in(std::string name) {
    throw no_such_user(name);
    co_return;
}

pyasync::task<> of_my_own() {
    py::register_exception<no_such_user>([](py::python py, const no_such_user& error) {
        return py.import("builtins").attr("KeyError")(error.what());
    });
    co_await pyasync::call("example:report", log_in("nobody"));
}
// [/register]

pyasync::task<> run() {
    co_await from_python();
    co_await from_cpp();
    co_await of_my_own();
}

}  // namespace

PYASYNC_MAIN(run)
