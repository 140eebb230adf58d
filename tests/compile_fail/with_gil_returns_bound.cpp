// tests/compile_fail/with_gil_returns_bound.cpp: a reference leaves the GIL.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/with_gil.hpp>

namespace with_gil_returns_bound {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python py) { return py.import("sys"); });
#else
    pyasync::with_gil([](pyasync::py::python py) { return py.import("sys").unbind(); });
#endif
}

}  // namespace with_gil_returns_bound
