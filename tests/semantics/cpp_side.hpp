// tests/semantics/cpp_side.hpp: what the C++ side of the cells shows to their Python side.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/pyasync.hpp>

/// Defines it in a module: that of the extension module, or one that the application makes.
void define_cpp_side(pyasync::module_& m);
