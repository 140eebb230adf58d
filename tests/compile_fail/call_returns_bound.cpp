// tests/compile_fail/call_returns_bound.cpp: the result of a call is used without the GIL.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/call.hpp>
#include <pyasync/core/task.hpp>

namespace call_returns_bound {

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::call<pyasync::py::bound>("os:getpid");
#else
    co_await pyasync::call<pyasync::py::object>("os:getpid");
#endif
}

}  // namespace call_returns_bound
