// framework/include/pyasync/extension.hpp: the framework's life inside a Python that somebody else has started.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/python.hpp>

namespace pyasync::detail {

/// In a Python that this library has not started: sees to it that the libuv loops stop when Python exits. Once is
/// enough; every way in calls it. Under the GIL.
///
/// At exit, before Python is finalised, tasks that run are cancelled and waited for, five seconds at most; what has not
/// ended by then is named on stderr, and left behind. Loops of asyncio's that are still open learn that nothing comes
/// any more. Throws what registering with Python's `atexit` throws, and an ImportError in a sub-interpreter.
void stop_at_exit(py::python py);

}  // namespace pyasync::detail
