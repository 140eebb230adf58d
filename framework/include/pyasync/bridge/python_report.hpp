// framework/include/pyasync/bridge/python_report.hpp: what Python's tasks wait for, as whoever holds the GIL sees it.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <pyasync/core/ref.hpp>
#include <pyasync/core/task_tree.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// The event loops that have met the framework, and their tasks.
struct python_report {
    std::vector<std::string> loops;  ///< what is to be said of each, one line or more
    std::vector<task_node> tasks;
    /// What of C++'s they wait for: as long as it is there, nothing else has the address that it is known by.
    std::vector<ref<const ref_counted>> kept;
};

/// Under the GIL, on any thread. It makes no Task known that nobody has looked at, and calls nothing that belongs to
/// the program but the names of its tasks and the `repr` of its loops.
///
/// Which task awaits which is told by the Future that each waits for. What asyncio's functions wait for on behalf of a
/// task (`gather`, `wait`, `shield`, `wait_for`, TaskGroup) is told by the callbacks that those have: they lead to a
/// Future that the task waits for. Throws `python_error`, `std::bad_alloc`.
[[nodiscard]] python_report report_python(py::python py);

}  // namespace pyasync::detail
