// tests/compile_fail/on_asyncio_returns_bound_in_vector.cpp: references leave the asyncio thread in a vector of optionals.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <optional>
#include <vector>

#include <pyasync/bridge/on_asyncio.hpp>
#include <pyasync/core/task.hpp>

namespace on_asyncio_returns_bound_in_vector {

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::on_asyncio([](pyasync::py::python) { return std::vector<std::optional<pyasync::py::bound>>(); });
#else
    co_await pyasync::on_asyncio([](pyasync::py::python) { return std::vector<std::optional<pyasync::py::object>>(); });
#endif
}

}  // namespace on_asyncio_returns_bound_in_vector
