// tests/semantics/channel_side.hpp: the C++ ends of the channels.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/pyasync.hpp>

/// Defines it in the module that has the C++ side of the cells.
void define_channel_side(pyasync::module_& m);
