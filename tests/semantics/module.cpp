// tests/semantics/module.cpp: the C++ side as an extension module.
// SPDX-License-Identifier: MIT
#include "cpp_side.hpp"

PYASYNC_MODULE(cpp_side, m) { define_cpp_side(m); }
