// tests/docs/my_async_module.cpp: the module of the README.
// SPDX-License-Identifier: MIT
#include <pyasync/pyasync.hpp>

namespace {

pyasync::task<int> cpp_sleep(double seconds) {
    co_await pyasync::uv::sleep(std::chrono::duration<double>(seconds));
    co_return 42;
}

}  // namespace

PYASYNC_MODULE(my_async_module, m) {
    m.def("cpp_sleep", &cpp_sleep, {"seconds"}, "Sleep for that many seconds, then return 42.");
}
