// tests/compile_fail/into_stream_of_bound.cpp: the items of a stream are used without the GIL.
// SPDX-License-Identifier: MIT
// error: a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()
#include <pyasync/bridge/stream.hpp>

namespace into_stream_of_bound {

inline void use(const pyasync::py::bound& iterable) {
#ifdef MISUSE
    static_cast<void>(pyasync::into_stream<pyasync::py::bound>(iterable));
#else
    static_cast<void>(pyasync::into_stream<pyasync::py::object>(iterable));
#endif
}

}  // namespace into_stream_of_bound
