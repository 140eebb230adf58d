// tests/package/standalone/main.cpp: prints what its Python module says.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<> run() {
    const auto text = co_await pyasync::call<std::string>("example:say");
    std::printf("%s\n", text.c_str());
}

}  // namespace

PYASYNC_MAIN(run)
