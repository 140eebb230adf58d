// tests/package/outside/module.cpp: an extension module.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace {

pyasync::task<int> twice(int n) {
    co_await pyasync::uv::sleep(1ms);
    co_return 2 * n;
}

}  // namespace

PYASYNC_MODULE(outside_module, m) { m.def("twice", &twice, {"n"}, "Twice as much."); }
