// framework/include/pyasync/runtime.hpp: running a C++ task to its end, on an event loop that has the main thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/options.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/interpreter.hpp>

namespace pyasync {

/// CPython and the libuv loops of an application: the constructor initialises Python, the destructor stops the loops
/// and finalises Python, last.
///
///     int main() {
///         pyasync::interpreter python;
///         return pyasync::with_gil([](auto py) { return pyasync::run(py, hello()); });
///     }
///
/// **Thread.** The main thread. It leaves the GIL free: take it with `with_gil`. **Errors.** `std::runtime_error` with
/// Python's message where it cannot start; `std::logic_error` for a second one in the same process. **Destruction.**
/// C++ tasks that run are cancelled and waited for; threads that hold or want the GIL are waited for; what has not
/// ended within ten seconds is named on stderr, and Python is then left as it is.
class interpreter {
public:
    interpreter() : interpreter(py::interpreter_options()) {}
    explicit interpreter(const py::interpreter_options& options);
    interpreter(const interpreter&) = delete;
    interpreter& operator=(const interpreter&) = delete;
    ~interpreter();

    /// What the destructor does, with a limit of one's own; false where something was left.
    bool finalise(std::chrono::milliseconds limit) { return finish(limit, /*fast=*/false); }
    /// The same, but Python is not taken apart: see `options::fast_exit`. The process should end then.
    bool leave(std::chrono::milliseconds limit) { return finish(limit, /*fast=*/true); }

private:
    bool finish(std::chrono::milliseconds limit, bool fast);

    py::interpreter python_;
};

namespace detail {

/// Runs a future of ours on a loop that does not run yet, and takes its result: throws the task's exception, or
/// whatever has stopped the loop before.
class loop_runner {
public:
    /// A new loop, as asyncio.run has one; it is closed at the end, with everything that is still under way.
    loop_runner(py::python py, const options& how);
    /// A loop of the caller's, which stays usable.
    explicit loop_runner(const py::bound& event_loop);
    loop_runner(const loop_runner&) = delete;
    loop_runner& operator=(const loop_runner&) = delete;
    ~loop_runner();

    [[nodiscard]] const task_locals& locals() const noexcept;

    /// Runs the loop until the future that `start()` returns is done. The first Ctrl-C or SIGTERM cancels it, the
    /// second ends the process; one that comes before the start does, too.
    void run_until_done(const std::function<py::bound()>& start);

    /// The signal that has cancelled the future, or 0.
    [[nodiscard]] int signal() const noexcept;

    /// Cancels what still runs on the loop, on both sides, waits for it within the limit, and closes the loop. Names on
    /// stderr what is left then, leaves the loop open, and returns false. The destructor does it, too; nothing for a
    /// caller's loop.
    bool close() noexcept;
    /// The same; then throws the SystemExit by which Python code has called `sys.exit()` meanwhile.
    void finish();

private:
    class state;
    std::unique_ptr<state> state_;
};

/// Lets Python know that it ended, and whether it was cancelled. Value and exception, with the way that it has come,
/// are left for the one who runs the loop.
template <typename T>
py::bound take_nothing(py::python py, future_state_base& state) {
    const auto& outcome = static_cast<future_state<T>&>(state).outcome;
    try {
        if (outcome.failed()) std::rethrow_exception(outcome.error());
    } catch (const cancelled&) {
        throw;
    } catch (...) {
    }
    return py.none();
}

/// Starts `body` in the runner's name and runs the loop until it has ended; its state is then done.
template <typename T>
ref<root<T>> run_root(py::python py, loop_runner& runner, task<T> body, const std::source_location& where) {
    ref<root<T>> main;
    runner.run_until_done([&] {
        main = root<T>::launch(std::move(body), uv::loop_pool::instance().next(), runner.locals().state(), where);
        return make_python_future(py, main, &take_nothing<T>, runner.locals().state());
    });
    return main;
}

/// Its value, without a way through Python; or throws what it threw.
template <typename T>
T run_on(py::python py, loop_runner& runner, task<T> body, const std::source_location& where) {
    const ref<root<T>> main = run_root(py, runner, std::move(body), where);
    if (main->outcome.failed()) std::rethrow_exception(main->outcome.take_error());
    return main->outcome.take();
}

}  // namespace detail

/// Runs a task to its end on a new event loop, as `asyncio.run` does, and returns its result.
///
/// At the end whatever still runs is cancelled, on both sides, and has `how.shutdown_timeout` to unwind; then the loop
/// is closed. The first Ctrl-C cancels the task and, when it has unwound, throws a `KeyboardInterrupt`; the second ends
/// the process. So does SIGTERM, with a `SystemExit` of 143, but in an extension module, where signals are the host's
/// affair. **Thread.** The main thread, with the GIL, while no event loop runs on it. **Errors.** The task's; a
/// `python_error` where the loop cannot be made: unknown `event_loop`, missing module.
template <typename T>
T run(py::python py, task<T> body, const options& how = {},
      const std::source_location& where = std::source_location::current());

/// Runs a task to its end on a loop that the caller owns, and leaves the loop usable. Only this task is waited for.
/// **Thread.** One that holds the GIL and on which no loop runs. **Errors.** The task's; a `RuntimeError` where the
/// loop runs already, is closed, or is stopped before the task has ended (which cancels the task).
template <typename T>
T run_until_complete(py::python py, const py::bound& event_loop, task<T> body,
                     const std::source_location& where = std::source_location::current());

template <typename T>
T run(py::python py, task<T> body, const options& how, const std::source_location& where) {
    detail::loop_runner runner(py, how);
    if constexpr (std::is_void_v<T>) {
        detail::run_on(py, runner, std::move(body), where);
        runner.finish();
    } else {
        T value = detail::run_on(py, runner, std::move(body), where);
        runner.finish();
        return value;
    }
}

template <typename T>
T run_until_complete(py::python py, const py::bound& event_loop, task<T> body, const std::source_location& where) {
    detail::loop_runner runner(event_loop);
    return detail::run_on(py, runner, std::move(body), where);
}

}  // namespace pyasync
