// tests/semantics/application.cpp: the C++ side in an application.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <map>
#include <string>

#include "cpp_side.hpp"

namespace py = pyasync::py;

namespace {

/// Makes the module that the Python side imports.
void make_module(py::python py) {
    const py::bound made = py.import("types").attr("ModuleType")("cpp_side");
    pyasync::module_ module(made);
    define_cpp_side(module);
    made.set_attr("CppError", py.import("pyasync").attr("CppError"));
    py.import("sys").attr("modules").call_method("__setitem__", "cpp_side", made);
}

/// A case that runs on the application's event loop.
pyasync::task<> run_on_loop(pyasync::arguments line) {
    co_await pyasync::on_asyncio(&make_module);
    co_await pyasync::call("cases:run_in_application", line.at(1));
}

/// A case that makes and closes event loops of its own, in an application whose main is written by hand.
int run_by_hand(int argc, char** argv) {
    const pyasync::interpreter python({.arguments = pyasync::arguments(argv, argv + argc)});
    try {
        pyasync::with_gil([&](py::python py) {
            make_module(py);
            py.import("cases").attr("run_by_hand")(std::string(argv[1]), std::string(argv[2]));
        });
        return 0;
    } catch (const py::python_error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}

}  // namespace

/// Usage: application CASE LOOP loop|by_hand MILLISECONDS: where it runs, and how long the end may take.
int main(int argc, char** argv) {
    if (argc != 5) return 2;
    if (argv[3] == std::string("by_hand")) return run_by_hand(argc, argv);
    return pyasync::run_main(
        argc, argv, run_on_loop,
        {.event_loop = argv[2], .shutdown_timeout = std::chrono::milliseconds(std::stoi(argv[4]))});
}
