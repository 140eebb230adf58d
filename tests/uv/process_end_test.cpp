// tests/uv/process_end_test.cpp: the descriptor of a process's end, from the kernel and from a thread.
// SPDX-License-Identifier: MIT
#include "../../framework/src/uv/process_end.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <pyasync/uv/error.hpp>

namespace pyasync::uv::detail {
namespace {

bool is_readable(const descriptor& one, int patience_ms) {
    pollfd end{.fd = one.number(), .events = POLLIN, .revents = 0};
    return ::poll(&end, 1, patience_ms) == 1;
}

/// A child that does nothing until it is killed.
pid_t start() {
    const pid_t pid = ::fork();
    while (pid == 0) ::pause();
    return pid;
}

TEST_CASE("it is readable when the process has ended, and not before") {
    for (descriptor (*const made_by)(pid_t) : {&end_of, &end_by_thread}) {
        const pid_t child = start();
        const descriptor end = made_by(child);
        CHECK_FALSE(is_readable(end, 0));
        ::kill(child, SIGKILL);
        CHECK(is_readable(end, -1));
        CHECK(::waitpid(child, nullptr, WNOHANG) == child);  // it was left to us
        CHECK(is_readable(end, 0));
    }
}

TEST_CASE("no such process") { CHECK_THROWS_AS(static_cast<void>(end_of(-1)), error); }

}  // namespace
}  // namespace pyasync::uv::detail
