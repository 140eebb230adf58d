// framework/src/interrupts.hpp: Ctrl-C and SIGTERM, while C++ drives an event loop and while all of it stops.
// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include <pyasync/py/convert.hpp>

namespace pyasync::detail {

inline constexpr int exit_by_signal = 128;

/// Wakes the main thread's event loop whenever a signal comes, so that Python's handler runs: a signal that comes just
/// before the loop waits, or that another thread takes, does not end the wait by itself. Nothing where signals wake
/// something already.
class signal_wake_up {
public:
    /// On the main thread, before `loop` runs.
    explicit signal_wake_up(const py::bound& loop);
    signal_wake_up(const signal_wake_up&) = delete;
    signal_wake_up& operator=(const signal_wake_up&) = delete;
    ~signal_wake_up();

private:
    py::bound loop_;
    py::bound read_end_;  ///< None where there is nothing to do
    py::bound write_end_;
};

/// Ctrl-C and SIGTERM: the first of them cancels a future, the second ends the process. Nothing where this is not the
/// main thread, for a signal that the program has a handler of its own for, and for SIGTERM in somebody else's Python.
class interrupt_handler {
public:
    explicit interrupt_handler(const py::bound& loop);
    interrupt_handler(const interrupt_handler&) = delete;
    interrupt_handler& operator=(const interrupt_handler&) = delete;
    ~interrupt_handler();

    /// What to cancel, as long as this lives.
    void watch(const py::bound& future);

    /// The signal that has come, or 0.
    [[nodiscard]] int received() const noexcept;

private:
    void install(int number, const py::bound& otherwise);
    [[nodiscard]] bool is_handled_by(int number, const py::bound& handler) const;

    py::bound signal_;
    std::vector<std::pair<int, py::bound>> replaced_;
    std::optional<py::bound> future_;
    std::optional<signal_wake_up> wake_up_;
};

/// While everything is being cancelled anyway, a Ctrl-C ends the process; so does a SIGTERM, unless it is the first.
/// Nothing for a signal that the program has a handler for.
class interrupts_at_the_end {
public:
    interrupts_at_the_end(py::python py, bool terminated);
    interrupts_at_the_end(const interrupts_at_the_end&) = delete;
    interrupts_at_the_end& operator=(const interrupts_at_the_end&) = delete;
    ~interrupts_at_the_end();

private:
    void replace(int number, void (*handler)(int));

    std::vector<std::pair<int, struct sigaction>> replaced_;
};

}  // namespace pyasync::detail
