// framework/src/program.hpp: what a program that embeds Python does at its begin and at its end.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/options.hpp>
#include <pyasync/py/object.hpp>
#include <pyasync/runtime.hpp>

namespace pyasync::detail {

/// What C++ writes to stdout ends with the line, as what Python writes will: so the lines come out in their order.
void write_lines() noexcept;

/// The first thing that a program does with its interpreter: the lines of Python's stdout, and asyncio.
///
/// What a program starts with is there to its end, so the garbage collector does not look at it: not now, not beside
/// the application's own objects, and not at the end, which would take a tenth of the shortest program's time.
void prepare(py::python py);

/// The last: finalises it, or leaves it. Returns `code`; or, where something is left that does not end, ends the process with it,
/// since no destructor may run under that.
[[nodiscard]] int end(interpreter& python, int code, const options& how);

}  // namespace pyasync::detail
