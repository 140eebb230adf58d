// tests/compile_fail/generator_takes_bound.cpp: a reference that is good under the GIL only goes to a generator.
// SPDX-License-Identifier: MIT
// error: a coroutine runs without the GIL, where a py::bound is of no use: take a py::object
#include <pyasync/module.hpp>

namespace generator_takes_bound {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](pyasync::py::bound) -> pyasync::async_generator<int> { co_yield 1; });
#else
    m.def("f", [](pyasync::py::object) -> pyasync::async_generator<int> { co_yield 1; });
#endif
}

}  // namespace generator_takes_bound
