// framework/include/pyasync/core/cancellation.hpp: how a task is told to stop.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

namespace pyasync {

/// Thrown by `co_await` in a task that has been cancelled; Python knows it as `asyncio.CancelledError`.
///
/// A cancellation is an event, not a state, as in asyncio: it is thrown once, where the task waits. Whoever catches it
/// may `co_await` further (cleanup, say), and may swallow it. One that Python has raised is a `py::cancelled_error`.
class cancelled : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "the task was cancelled"; }
};

namespace detail {

/// Is it `cancelled`? It must not be null.
[[nodiscard]] inline bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

/// Something that a task waits for and that can be asked to end early.
///
/// `cancel` is called on the task's home thread while the task waits, any number of times. The operation then ends
/// soon, with `cancelled`, or with its result where that was faster. It does not resume the task from within `cancel`.
class cancellable {
public:
    virtual void cancel() noexcept = 0;

protected:
    cancellable() = default;
    ~cancellable() = default;
};

}  // namespace detail
}  // namespace pyasync
