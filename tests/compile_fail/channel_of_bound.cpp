// tests/compile_fail/channel_of_bound.cpp: a channel between Python and C++ of what is good under the GIL only.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/channel_into_py.hpp>

namespace channel_of_bound {

inline void use(pyasync::py::python py) {
#ifdef MISUSE
    static_cast<void>(py.value(pyasync::channel<pyasync::py::bound>(1)));
#else
    static_cast<void>(py.value(pyasync::channel<pyasync::py::object>(1)));
#endif
}

}  // namespace channel_of_bound
