// framework/include/pyasync/py/ending.hpp: what Python does at its end, for who ends it.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/python.hpp>

namespace pyasync::py::detail {

/// Has somebody imported that module? To import it only to find nothing to do there would take longer than many a program.
[[nodiscard]] bool is_imported(python py, const char* module);

/// Writes what Python's stdout and stderr have in their buffers, where they are there and open.
void flush_streams(python py) noexcept;

/// What Py_FinalizeEx does before it takes anything apart: joins threads, runs `atexit`, flushes.
void end_without_taking_apart(python py) noexcept;

}  // namespace pyasync::py::detail
