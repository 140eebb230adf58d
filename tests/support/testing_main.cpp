// tests/support/testing_main.cpp: the main of tests that need both loops.
// SPDX-License-Identifier: MIT
#include "support/on_loops.hpp"

PYASYNC_TEST_MAIN(tests::as_the_environment_wishes({.module_search_paths = {PYASYNC_TEST_MODULES}}))
