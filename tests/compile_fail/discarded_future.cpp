// tests/compile_fail/discarded_future.cpp: a spawned task that is cancelled at once, since nobody holds its future.
// SPDX-License-Identifier: MIT
// error: destroying a future cancels what it stands for; call detach() to let it run
// flags: -Werror=unused-result
#include <pyasync/core/future.hpp>

namespace discarded_future {

pyasync::future<> start();

inline void use() {
#ifdef MISUSE
    start();
#else
    start().detach();
#endif
}

}  // namespace discarded_future
