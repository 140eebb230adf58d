// tests/bench/ours/native.hpp: the C++ coroutines that Python awaits, counted where they run.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/pyasync.hpp>

namespace bench {

/// How many times `native_nop` has run on its libuv loop.
[[nodiscard]] long crossings();
void restart_crossings();

/// Runs on the libuv loop, and does nothing but count.
[[nodiscard]] pyasync::task<long> native_nop();

/// The next `count` numbers, none of which has to be waited for.
[[nodiscard]] pyasync::async_generator<long> native_numbers(long count);
[[nodiscard]] pyasync::py::object numbers_function(pyasync::py::python py);

/// Has its value at once; a coroutine function that begins on the caller's thread.
[[nodiscard]] pyasync::py::object inline_function(pyasync::py::python py);

/// Counts itself, and waits until it is cancelled.
[[nodiscard]] pyasync::task<> native_pending();

/// Those as Python functions.
[[nodiscard]] pyasync::py::object nop_function(pyasync::py::python py);
[[nodiscard]] pyasync::py::object pending_function(pyasync::py::python py);

}  // namespace bench
