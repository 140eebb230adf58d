// tests/compile_fail/with_gil_returns_token.cpp: the proof that the GIL is held leaves it.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/with_gil.hpp>

namespace with_gil_returns_token {

inline void use() {
#ifdef MISUSE
    pyasync::with_gil([](pyasync::py::python py) { return py; });
#else
    pyasync::with_gil([](pyasync::py::python) {});
#endif
}

}  // namespace with_gil_returns_token
