// framework/include/pyasync/core/signals.hpp: threads that leave signals to others.
// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <csignal>
#include <initializer_list>

namespace pyasync::detail {

/// All but those that tell a thread of its own fault: blocked, these would end the process without a word of who
/// handles them (a sanitizer, faulthandler, doctest).
[[nodiscard]] inline sigset_t signals_of_others() noexcept {
    sigset_t signals;
    sigfillset(&signals);
    for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) sigdelset(&signals, fault);
    return signals;
}

/// Signals are Python's affair: a thread that is started while this lives blocks them, and so leaves them to the main
/// thread.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        const sigset_t signals = signals_of_others();
        pthread_sigmask(SIG_SETMASK, &signals, &before_);
    }
    all_signals_blocked(const all_signals_blocked&) = delete;
    all_signals_blocked& operator=(const all_signals_blocked&) = delete;
    ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace pyasync::detail
