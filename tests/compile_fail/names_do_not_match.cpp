// tests/compile_fail/names_do_not_match.cpp: a function has fewer names than parameters.
// SPDX-License-Identifier: MIT
// error: the number of names is not that of the function's parameters (a py::python is none of Python's)
#include <pyasync/module.hpp>

namespace names_do_not_match {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](int, int) {}, {"a"});
#else
    m.def("f", [](int, int) {}, {"a", "b"});
#endif
}

}  // namespace names_do_not_match
