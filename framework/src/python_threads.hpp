// framework/src/python_threads.hpp: Python's own threads, for which a program waits before it ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Waits for Python's threads, but for daemons, and for the jobs of its executors, as Python does at its exit; but until
/// `deadline` at the most. Returns what runs then: each thread's name and where it is. Main thread, under the GIL.
[[nodiscard]] std::vector<std::string> join_python_threads(py::python py,
                                                           std::chrono::steady_clock::time_point deadline);

/// Those that are at work, without waiting: the threads of an executor that have no job are not. Any thread, under the
/// GIL.
[[nodiscard]] std::vector<std::string> working_python_threads(py::python py);

}  // namespace pyasync::detail
