// framework/src/main.cpp: a program from its first line to its exit code.
// SPDX-License-Identifier: MIT
#include <pyasync/main.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include <pyasync/bridge/with_gil.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/ending.hpp>

#include "program.hpp"

namespace pyasync::detail {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_interrupted = 130;

/// What `sys.exit(code)` means.
int exit_code_of(const py::bound& system_exit) {
    const py::bound code = system_exit.attr("code");
    if (code.is_none()) return EXIT_SUCCESS;
    if (PyLong_Check(code.ptr())) {
        constexpr long lowest_byte = 0xff;
        const long number = PyLong_AsLong(code.ptr());  // -1 where it is out of range, as Python has it
        if (number == -1) PyErr_Clear();
        return static_cast<int>(number & lowest_byte);
    }
    fmt::print(stderr, "{}\n", code.str());
    return exit_failed;
}

/// Prints what has not been caught, as Python does, and says what to exit with.
int report_uncaught(py::python py, const std::exception_ptr& error) {
    const py::bound exception = py::to_python_exception(py, error);
    if (PyErr_GivenExceptionMatches(exception.ptr(), PyExc_SystemExit) != 0) return exit_code_of(exception);
    if (PyErr_GivenExceptionMatches(exception.ptr(), PyExc_KeyboardInterrupt) != 0) return exit_interrupted;
    py::detail::set_raised(exception);
    PyErr_PrintEx(/*set_sys_last_vars=*/0);
    return exit_failed;
}

int run_application(application& program, py::python py, const options& how, arguments command_line) {
    try {
        prepare(py);
        loop_runner runner(py, how);
        const int code = program.body(py, runner, std::move(command_line));
        runner.finish();
        return code;
    } catch (...) {
        return report_uncaught(py, std::current_exception());
    }
}

}  // namespace

int application::run(int argc, char** argv, const options& how) {
    write_lines();
    try {
        arguments command_line(argv, argv + argc);
        interpreter python(py::interpreter_options{how.module_search_paths, how.isolated, command_line});
        const int code = with_gil([&](py::python py) {
            const int result = run_application(*this, py, how, std::move(command_line));
            py::detail::flush_streams(py);
            return result;
        });
        return end(python, code, how);
    } catch (const py::python_error& error) {
        if (error.matches("KeyboardInterrupt")) return exit_interrupted;
        fmt::print(stderr, "{}\n", error.what());
        return exit_failed;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return exit_failed;
    }
}

}  // namespace pyasync::detail
