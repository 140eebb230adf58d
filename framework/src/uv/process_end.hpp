// framework/src/uv/process_end.hpp: a descriptor that tells of a process's end.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <pyasync/uv/descriptor.hpp>

namespace pyasync::uv::detail {

/// Readable from when this child of ours, which nobody has reaped, has ended: its pidfd, or, on a kernel without, what
/// `end_by_thread` gives. Throws `error`, `std::system_error`.
[[nodiscard]] descriptor end_of(pid_t child);

/// The same with a thread that waits for it.
[[nodiscard]] descriptor end_by_thread(pid_t child);

}  // namespace pyasync::uv::detail
