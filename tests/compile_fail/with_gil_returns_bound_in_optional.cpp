// tests/compile_fail/with_gil_returns_bound_in_optional.cpp: a reference leaves the GIL in an optional.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <optional>

#include <pyasync/bridge/with_gil.hpp>

namespace with_gil_returns_bound_in_optional {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python py) { return std::optional(py.import("sys")); });
#else
    pyasync::with_gil([](pyasync::py::python py) { return std::optional(py.import("sys").unbind()); });
#endif
}

}  // namespace with_gil_returns_bound_in_optional
