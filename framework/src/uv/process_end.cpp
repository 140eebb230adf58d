// framework/src/uv/process_end.cpp: pidfds, and a thread where there are none.
// SPDX-License-Identifier: MIT
#include "process_end.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include <pyasync/core/signals.hpp>
#include <pyasync/uv/error.hpp>

namespace pyasync::uv::detail {
namespace {

int open_pidfd([[maybe_unused]] pid_t child) noexcept {
#ifdef SYS_pidfd_open
    return static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
#else
    errno = ENOSYS;
    return -1;
#endif
}

}  // namespace

descriptor end_of(pid_t child) {
    descriptor end(open_pidfd(child));
    if (end.number() >= 0) return end;
    // An old kernel, or a container that does not know the call.
    if (errno == ENOSYS || errno == EPERM) return end_by_thread(child);
    throw error(-errno, "watch process " + std::to_string(child));
}

descriptor end_by_thread(pid_t child) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw error(-errno, "watch process " + std::to_string(child));
    descriptor told(ends[0]);
    descriptor telling(ends[1]);
    const pyasync::detail::all_signals_blocked for_the_new_thread;
    std::thread([child, telling = std::move(telling)] {
        siginfo_t nothing{};
        while (::waitid(P_PID, static_cast<id_t>(child), &nothing, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
        }
    }).detach();
    return told;
}

}  // namespace pyasync::uv::detail
