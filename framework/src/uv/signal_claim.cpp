// framework/src/uv/signal_claim.cpp: the actions of signals, kept while libuv's handler stands in.
// SPDX-License-Identifier: MIT
#include "signal_claim.hpp"

#include <pthread.h>

#include <array>
#include <csignal>
#include <mutex>
#include <string>

#include <pyasync/core/misuse.hpp>

namespace pyasync::uv::detail {
namespace {

using handler = void (*)(int);

struct claimed_signal {
    int claims = 0;
    struct sigaction before{};
    handler libuvs = SIG_DFL;
};

std::mutex mutex;
std::array<claimed_signal, NSIG> claimed;

bool is_number(int number) noexcept { return number > 0 && number < NSIG; }

struct sigaction action_of(int number) noexcept {
    struct sigaction action{};
    ::sigaction(number, nullptr, &action);
    return action;
}

bool is_handled(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

bool is_ours(const claimed_signal& signal, const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == signal.libuvs;
}

void refuse_faults(int number) {
    for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) {
        if (number == fault)
            throw misuse("pyasync: a fault of the program (signal " + std::to_string(number) + ") cannot be watched");
    }
}

/// In a forked child libuv's handler would write to the parent's loops.
void restore_in_child() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        const claimed_signal& signal = claimed[static_cast<std::size_t>(number)];
        if (signal.claims > 0 && is_ours(signal, action_of(number))) ::sigaction(number, &signal.before, nullptr);
    }
}

void watch_forks() {
    static const int done = ::pthread_atfork(nullptr, nullptr, &restore_in_child);
    static_cast<void>(done);
}

}  // namespace

signal_claim::signal_claim(int number) : number_(number) {
    refuse_faults(number);
    if (!is_number(number)) {
        given_up_ = true;  // libuv refuses it
        return;
    }
    watch_forks();
    const std::lock_guard lock(mutex);
    claimed_signal& signal = claimed[static_cast<std::size_t>(number)];
    if (signal.claims == 0) {
        signal.before = action_of(number);
        if (is_handled(signal.before)) {
            throw misuse("pyasync: signal " + std::to_string(number) +
                         " has a handler already, of Python's, of pyasync's own (Ctrl-C and SIGTERM cancel the "
                         "program) or of another library's; take that away before it is watched");
        }
    }
    ++signal.claims;
}

int signal_claim::start(uv_signal_t& handle, uv_signal_cb came) const noexcept {
    const std::lock_guard lock(mutex);
    const int status = uv_signal_start(&handle, came, number_);
    if (status == 0) claimed[static_cast<std::size_t>(number_)].libuvs = action_of(number_).sa_handler;
    return status;
}

void signal_claim::give_up(uv_signal_t* watching) noexcept {
    if (given_up_) return;
    given_up_ = true;
    const std::lock_guard lock(mutex);
    claimed_signal& signal = claimed[static_cast<std::size_t>(number_)];
    const struct sigaction now = action_of(number_);
    if (watching != nullptr) uv_signal_stop(watching);
    if (--signal.claims > 0) return;
    ::sigaction(number_, is_ours(signal, now) || !is_handled(now) ? &signal.before : &now, nullptr);
}

}  // namespace pyasync::uv::detail
