// framework/include/pyasync/core/misuse.hpp: the exception that says that something cannot be done here, or any more.
// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>

namespace pyasync {

/// What was asked for cannot be done where, or when, it was asked for: after the loops have stopped, in a forked child,
/// without an event loop. `what()` says what to do instead. A `RuntimeError` in Python.
class misuse : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

/// `what`, "future" say, is used once more, and has nothing in it any more.
[[noreturn]] void refuse_gone(const char* what);

}  // namespace detail

}  // namespace pyasync
