// tests/compile_fail/generic_lambda.cpp: a lambda whose parameters have no types is given to Python.
// SPDX-License-Identifier: MIT
// error: a function for Python has one signature: give the parameters of a generic lambda types
#include <pyasync/module.hpp>

namespace generic_lambda {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](auto) {});
#else
    m.def("f", [](int) {});
#endif
}

}  // namespace generic_lambda
