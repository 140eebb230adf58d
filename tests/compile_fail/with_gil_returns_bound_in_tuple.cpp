// tests/compile_fail/with_gil_returns_bound_in_tuple.cpp: a reference leaves the GIL in a tuple.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <tuple>

#include <pyasync/bridge/with_gil.hpp>

namespace with_gil_returns_bound_in_tuple {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python py) { return std::tuple(1, py.import("sys")); });
#else
    pyasync::with_gil([](pyasync::py::python py) { return std::tuple(1, py.import("sys").unbind()); });
#endif
}

}  // namespace with_gil_returns_bound_in_tuple
