// tests/support/children.hpp: the tasks that the tests of several at once have as children.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <stdexcept>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/task.hpp>
#include "support/manual_operation.hpp"

namespace pyasync::test {

template <typename T>
task<T> wait_for(manual_operation<T>& operation) {
    co_return co_await operation;
}

/// Ends at once.
inline task<int> number(int n) { co_return n; }

/// Waits for `operation`, and then, cancelled or not, for `cleanup`.
inline task<> wait_and_clean_up(manual_operation<>& operation, manual_operation<>& cleanup) {
    bool interrupted = false;
    try {
        co_await operation;
    } catch (const cancelled&) {
        interrupted = true;
    }
    co_await cleanup;
    if (interrupted) throw cancelled();
}

/// Answers a cancellation with another exception.
inline task<> fail_when_cancelled(manual_operation<>& operation, const char* message) {
    try {
        co_await operation;
    } catch (const cancelled&) {
        throw std::runtime_error(message);
    }
}

inline std::exception_ptr error(const char* message) { return std::make_exception_ptr(std::runtime_error(message)); }

}  // namespace pyasync::test
