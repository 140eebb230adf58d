// tests/support/loops_main.cpp: doctest's main for tests that need both loops: it owns the interpreter.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <pyasync/runtime.hpp>

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int failed = [&] {
        const pyasync::interpreter python(
            pyasync::py::interpreter_options{.module_search_paths = {PYASYNC_TEST_MODULES}, .arguments = {argv[0]}});
        return context.run();
    }();
    return failed;
}
