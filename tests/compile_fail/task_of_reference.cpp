// tests/compile_fail/task_of_reference.cpp: a task that ends with a reference.
// SPDX-License-Identifier: MIT
// error: a task's result is owned by who awaits it: return a value, not a reference
#include <pyasync/core/task.hpp>

namespace task_of_reference {

#ifdef MISUSE
inline pyasync::task<int&> use(int& number) { co_return number; }
#else
inline pyasync::task<int*> use(int& number) { co_return &number; }
#endif

}  // namespace task_of_reference
