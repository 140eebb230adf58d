// tests/compile_fail/with_gil_returns_coroutine.cpp: a coroutine would run without the GIL that its function was given.
// SPDX-License-Identifier: MIT
// error: a coroutine would run after the GIL has been given up: return a value, and co_await outside
#include <pyasync/bridge/with_gil.hpp>
#include <pyasync/core/task.hpp>

namespace with_gil_returns_coroutine {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python py) -> pyasync::task<int> { co_return py.import("os").to<int>(); });
#else
    pyasync::with_gil([](pyasync::py::python py) -> int { return py.import("os").to<int>(); });
#endif
}

}  // namespace with_gil_returns_coroutine
