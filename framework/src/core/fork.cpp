// framework/src/core/fork.cpp: the mark that a forked child finds in its memory.
// SPDX-License-Identifier: MIT
#include <pyasync/core/fork.hpp>

#include <pthread.h>

#include <atomic>

#include <pyasync/core/misuse.hpp>

namespace pyasync::detail {
namespace {

std::atomic<bool> forked{false};

}  // namespace

void watch_forks() noexcept {
    static const int registered =
        ::pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
    static_cast<void>(registered);
}

std::exception_ptr forked_error() noexcept {
    return std::make_exception_ptr(
        misuse("pyasync: the libuv loops did not follow into this forked child; use exec or multiprocessing's spawn"));
}

bool in_forked_child() noexcept { return forked.load(std::memory_order_relaxed); }

}  // namespace pyasync::detail
