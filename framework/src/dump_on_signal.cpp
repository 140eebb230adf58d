// framework/src/dump_on_signal.cpp: from the signal's handler to a thread that may take its time.
// SPDX-License-Identifier: MIT
#include "dump_on_signal.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <pyasync/core/fork.hpp>
#include <pyasync/core/signals.hpp>
#include <pyasync/dump_tasks.hpp>

namespace pyasync::detail {
namespace {

std::atomic<int> asked{-1};  ///< an eventfd, to the end of the process

/// On any thread, whatever that is doing. (In a forked child there is nobody to tell but the parent.)
void signalled(int) {
    if (in_forked_child()) return;
    const int before = errno;
    const std::uint64_t one = 1;
    while (::write(asked, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = before;
}

/// Not by stdio, whose lock a thread that is stuck may have.
void write_to_stderr(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
        if (written < 0 && errno == EAGAIN) {
            // Somebody has made it non-blocking; its reader may be slow, or gone.
            constexpr int patience_ms = 5000;
            pollfd writable{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
            if (::poll(&writable, 1, patience_ms) == 0) return;
        } else if (written < 0 && errno != EINTR) {
            return;
        }
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void serve() noexcept {
    pthread_setname_np(pthread_self(), "pyasync-dump");
    for (;;) {
        std::uint64_t times = 0;
        if (::read(asked, &times, sizeof times) < 0) {
            if (errno == EINTR) continue;
            return;
        }
        try {
            write_to_stderr(dump_tasks());
        } catch (const std::exception& error) {
            write_to_stderr(std::string("pyasync: the tasks cannot be told: ") + error.what() + "\n");
        }
    }
}

bool has_default_action() {
    struct sigaction action{};
    return ::sigaction(SIGUSR1, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
           action.sa_handler == SIG_DFL;
}

void install() {
    if (!has_default_action()) return;
    watch_forks();
    asked = ::eventfd(0, EFD_CLOEXEC);
    if (asked < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    {
        const all_signals_blocked for_the_new_thread;
        std::thread(&serve).detach();
    }
    struct sigaction action{};
    action.sa_handler = &signalled;
    action.sa_flags = SA_RESTART;  // what it meets goes on
    ::sigaction(SIGUSR1, &action, nullptr);
}

}  // namespace

void dump_on_signal() {
    static std::once_flag once;
    std::call_once(once, &install);
}

}  // namespace pyasync::detail
