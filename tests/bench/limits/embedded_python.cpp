// tests/bench/limits/embedded_python.cpp: python3 once more, over the library that embedding programs use.
// SPDX-License-Identifier: MIT
#include <pyasync/py/python.hpp>

// Debian's python3 is linked in one piece, and some fifteen per cent faster than its libpython3.so, which is what an
// embedding program gets.
int main(int argc, char** argv) { return Py_BytesMain(argc, argv); }
