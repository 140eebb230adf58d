// framework/include/pyasync/core/fork.hpp: whether this process is a copy of one whose threads it does not have.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

namespace pyasync::detail {

/// From now on, every process that is forked off from this one is such a copy. Any thread; once is enough.
void watch_forks() noexcept;

/// Has this process been forked off from one that had called `watch_forks`? Any thread.
[[nodiscard]] bool in_forked_child() noexcept;

/// The error of whatever needs those threads there.
[[nodiscard]] std::exception_ptr forked_error() noexcept;

}  // namespace pyasync::detail
