// tests/bench/standalone/w.cpp: an application with TLS and a database; `w.py` has two things more for it to do.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

#ifndef FAST_EXIT
#define FAST_EXIT false
#endif

namespace {

pyasync::task<> run(pyasync::arguments line) {
    const bool computes = line.size() > 1;
    co_await pyasync::call(computes ? "w:compute" : "w:main");
}

}  // namespace

PYASYNC_MAIN(run, {.fast_exit = FAST_EXIT})
