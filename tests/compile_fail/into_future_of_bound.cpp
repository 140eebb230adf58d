// tests/compile_fail/into_future_of_bound.cpp: the result of an awaitable is used without the GIL.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/into_future.hpp>

namespace into_future_of_bound {

inline void use(const pyasync::py::bound& awaitable) {
#ifdef MISUSE
    pyasync::into_future<pyasync::py::bound>(awaitable).detach();
#else
    pyasync::into_future<pyasync::py::object>(awaitable).detach();
#endif
}

}  // namespace into_future_of_bound
