// framework/src/dump_on_signal.hpp: SIGUSR1, for who wants to know what a program waits for.
// SPDX-License-Identifier: MIT
#pragma once

namespace pyasync::detail {

/// From now on, to the end of the process, SIGUSR1 writes `dump_tasks()` to stderr: from a thread that does nothing
/// else, whatever the others are at. Nothing where the signal has an action already, as one of the program's own. Any
/// thread; once is enough. Throws `std::system_error` where the system lacks a descriptor or a thread.
void dump_on_signal();

}  // namespace pyasync::detail
