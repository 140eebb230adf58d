// framework/src/program.cpp: the begin and the end of programs that embed Python.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <unistd.h>

#include <cstdio>

#include <pyasync/py/convert.hpp>
#include <pyasync/uv/tty.hpp>

namespace pyasync::detail {
namespace {

void import_asyncio(py::python py) {
    PyGC_Disable();
    try {
        py.import("asyncio");
    } catch (...) {
        PyGC_Enable();
        throw;
    }
    py.import("gc").attr("freeze")();
    PyGC_Enable();
}

}  // namespace

void write_lines() noexcept { std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); }

void prepare(py::python py) {
    // There is none where the program has been started without.
    const py::bound out = py.import("sys").attr("stdout");
    if (!out.is_none()) out.call_method("reconfigure", py::kw("line_buffering") = true);
    import_asyncio(py);
}

int end(interpreter& python, int code, const options& how) {
    if (how.fast_exit ? python.leave(how.shutdown_timeout) : python.finalise(how.shutdown_timeout)) return code;
    std::fflush(nullptr);
    uv::detail::reset_terminals();
    ::_exit(code);
}

}  // namespace pyasync::detail
