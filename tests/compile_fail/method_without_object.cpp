// tests/compile_fail/method_without_object.cpp: a method is given to Python, without an object.
// SPDX-License-Identifier: MIT
// error: a method needs its object: wrap it in a lambda, or bind the class with nanobind or pybind11
#include <pyasync/module.hpp>

namespace method_without_object {

struct box {
    int open(int how) const { return how; }
};

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", &box::open);
#else
    m.def("f", [](int how) { return box().open(how); });
#endif
}

}  // namespace method_without_object
