// tests/support/compiler_probe.cpp: empty: its command line is what the tests that run the compiler take over.
// SPDX-License-Identifier: MIT
