// tests/compile_fail/with_gil_returns_bound_in_vector.cpp: a reference leaves the GIL in a vector of pairs.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <utility>
#include <vector>

#include <pyasync/bridge/with_gil.hpp>

namespace with_gil_returns_bound_in_vector {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python) { return std::vector<std::pair<int, pyasync::py::bound>>(); });
#else
    pyasync::with_gil([](pyasync::py::python) { return std::vector<std::pair<int, pyasync::py::object>>(); });
#endif
}

}  // namespace with_gil_returns_bound_in_vector
