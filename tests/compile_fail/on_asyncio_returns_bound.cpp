// tests/compile_fail/on_asyncio_returns_bound.cpp: a reference leaves the asyncio thread.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/on_asyncio.hpp>
#include <pyasync/core/task.hpp>

namespace on_asyncio_returns_bound {

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::on_asyncio([](pyasync::py::python py) { return py.import("sys"); });
#else
    co_await pyasync::on_asyncio([](pyasync::py::python py) { return py.import("sys").unbind(); });
#endif
}

}  // namespace on_asyncio_returns_bound
