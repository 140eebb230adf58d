// tests/standalone/prober.cpp: a standalone executable that runs the probe which the command line names.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<> probe(pyasync::arguments line) {
    const std::vector<std::string> given(line.begin() + 2, line.end());
    co_await pyasync::call("probes:run", line.at(1), given);
}

}  // namespace

PYASYNC_MAIN(probe)
