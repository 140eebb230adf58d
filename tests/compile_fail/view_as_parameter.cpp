// tests/compile_fail/view_as_parameter.cpp: a view of a text is a parameter.
// SPDX-License-Identifier: MIT
// error: a view of a text outlives the text here: take a std::string, or a const std::string&
#include <pyasync/module.hpp>

namespace view_as_parameter {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](std::string_view) {});
#else
    m.def("f", [](const std::string&) {});
#endif
}

}  // namespace view_as_parameter
