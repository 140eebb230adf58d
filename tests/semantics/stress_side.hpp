// tests/semantics/stress_side.hpp: the C++ side of the random plans.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/pyasync.hpp>

/// Defines it in the module that has the C++ side of the cells.
void define_stress_side(pyasync::module_& m);
