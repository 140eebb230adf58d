// tests/compile_fail/lock_without_co_await.cpp: a mutex that nobody locks: it is the co_await that does.
// SPDX-License-Identifier: MIT
// error: it is the co_await that waits, and what it gives that has to be kept
// flags: -Werror=unused-result
#include <pyasync/core/mutex.hpp>
#include <pyasync/core/task.hpp>

namespace lock_without_co_await {

inline pyasync::task<> use(pyasync::mutex& one) {
#ifdef MISUSE
    one.lock();
    co_return;
#else
    const auto guard = co_await one.lock();
#endif
}

}  // namespace lock_without_co_await
