// apps/uvloop_app/main.cpp: the macro on uvloop: one option.
// SPDX-License-Identifier: MIT
#include "on_uvloop.hpp"

PYASYNC_MAIN(on_uvloop, {.event_loop = "uvloop"})
