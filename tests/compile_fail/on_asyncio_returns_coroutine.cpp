// tests/compile_fail/on_asyncio_returns_coroutine.cpp: a coroutine would run elsewhere, without the GIL that its function was given.
// SPDX-License-Identifier: MIT
// error: a coroutine would run after the GIL has been given up: return a value, and co_await outside
#include <pyasync/bridge/on_asyncio.hpp>
#include <pyasync/core/task.hpp>

namespace on_asyncio_returns_coroutine {

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::on_asyncio([](pyasync::py::python) -> pyasync::task<> { co_return; });
#else
    co_await pyasync::on_asyncio([](pyasync::py::python) {});
#endif
}

}  // namespace on_asyncio_returns_coroutine
