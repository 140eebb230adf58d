// tests/compile_fail/case_that_awaits_nothing.cpp: a test case that is no coroutine.
// SPDX-License-Identifier: MIT
// error: return
#include <pyasync/testing.hpp>

PYASYNC_TEST_CASE("awaits nothing") {
    CHECK(true);
#ifndef MISUSE
    co_return;
#endif
}
