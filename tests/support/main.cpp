// tests/support/main.cpp: main() of the test programs that need no Python interpreter.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
