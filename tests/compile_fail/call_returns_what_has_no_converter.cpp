// tests/compile_fail/call_returns_what_has_no_converter.cpp: a type that Python has no value for is asked for.
// SPDX-License-Identifier: MIT
// error: this type has no way out of Python: specialise pyasync::py::converter<T> with from_python(bound)
#include <pyasync/bridge/call.hpp>
#include <pyasync/core/task.hpp>

namespace call_returns_what_has_no_converter {

struct unknown {};

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::call<unknown>("os:getpid");
#else
    co_await pyasync::call<int>("os:getpid");
#endif
}

}  // namespace call_returns_what_has_no_converter
