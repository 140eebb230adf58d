// framework/src/testing/doctest.cpp: doctest's own code, once for all files of a test program.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
