// tests/compile_fail/coroutine_takes_bound.cpp: a reference that is good under the GIL only goes to a coroutine.
// SPDX-License-Identifier: MIT
// error: a coroutine runs without the GIL, where a py::bound is of no use: take a py::object
#include <pyasync/module.hpp>

namespace coroutine_takes_bound {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](pyasync::py::bound) -> pyasync::task<> { co_return; });
#else
    m.def("f", [](pyasync::py::object) -> pyasync::task<> { co_return; });
#endif
}

}  // namespace coroutine_takes_bound
