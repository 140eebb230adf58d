// tests/compile_fail/discarded_task.cpp: a task that is called and not awaited.
// SPDX-License-Identifier: MIT
// error: a task runs only when it is awaited or spawned
// flags: -Werror=unused-result
#include <pyasync/core/task.hpp>

namespace discarded_task {

inline pyasync::task<> work() { co_return; }

inline pyasync::task<> use() {
#ifdef MISUSE
    work();
    co_return;
#else
    co_await work();
#endif
}

}  // namespace discarded_task
