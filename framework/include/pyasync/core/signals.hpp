// framework/include/pyasync/core/signals.hpp: threads that leave signals to others.
// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <csignal>

namespace pyasync::detail {

/// Signals are Python's affair: a thread that is started while this lives blocks them, and so leaves them to the main
/// thread.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    all_signals_blocked(const all_signals_blocked&) = delete;
    all_signals_blocked& operator=(const all_signals_blocked&) = delete;
    ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace pyasync::detail
