// framework/include/pyasync/main.hpp: PYASYNC_MAIN, which makes a C++ coroutine a program.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/options.hpp>
#include <pyasync/runtime.hpp>

namespace pyasync {

/// The command line; the first is the program's name.
using arguments = std::vector<std::string>;

namespace detail {

/// A program's coroutine function: `task<>` or `task<int>`, of the command line or of nothing.
template <typename Function>
concept main_function =
    std::same_as<std::invoke_result_t<Function>, task<>> || std::same_as<std::invoke_result_t<Function>, task<int>>;
template <typename Function>
concept main_function_with_arguments = std::same_as<std::invoke_result_t<Function, arguments>, task<>> ||
                                       std::same_as<std::invoke_result_t<Function, arguments>, task<int>>;

/// What `run_main` does that does not depend on the coroutine: `body` runs it on the runner's loop and returns the exit
/// code, or throws.
class application {
public:
    virtual int body(py::python py, loop_runner& runner, arguments command_line) = 0;

    [[nodiscard]] int run(int argc, char** argv, const options& how);

protected:
    application() = default;
    ~application() = default;
};

template <typename Function>
class application_of final : public application {
public:
    application_of(Function& function, const std::source_location& where) noexcept
        : function_(function), where_(where) {}

    int body(py::python py, loop_runner& runner, arguments command_line) override {
        auto main = run_root(py, runner, call(std::move(command_line)), where_);
        if (main->outcome.failed()) throw_as_python(py, *main, main->outcome.error());
        if constexpr (std::same_as<decltype(main->outcome.take()), int>) {
            return main->outcome.take();
        } else {
            return 0;
        }
    }

private:
    auto call([[maybe_unused]] arguments command_line) {
        if constexpr (main_function_with_arguments<Function&>) {
            return function_(std::move(command_line));
        } else {
            return function_();
        }
    }

    Function& function_;
    std::source_location where_;
};

}  // namespace detail

/// A whole program: initialises Python, runs `function` to its end on an event loop that has this thread, stops
/// everything, finalises Python, and returns the exit code.
///
/// The exit code is what a `task<int>` returns, and 0 for a `task<>`. An uncaught exception prints one traceback on
/// stderr and gives 1; Python's SystemExit gives its code. The first Ctrl-C or SIGTERM cancels `function`, which
/// unwinds, and gives 130 or 143; the second ends the process at once. (A signal that the program has a handler for,
/// `loop.add_signal_handler` for one, is the handler's.) While what is left is being cancelled after the end of
/// `function`, the first SIGTERM changes nothing, since the end is near already. The lines that C++ and Python write to
/// stdout come out in their order: both sides' buffers end with the line. **Thread.** The main thread.
template <typename Function>
    requires detail::main_function<Function&> || detail::main_function_with_arguments<Function&>
int run_main(int argc, char** argv, Function&& function, const options& how = {},
             const std::source_location& where = std::source_location::current()) {
    return detail::application_of<std::remove_reference_t<Function>>(function, where).run(argc, argv, how);
}

}  // namespace pyasync

/// `PYASYNC_MAIN(function)` or `PYASYNC_MAIN(function, {.event_loop = "uvloop"})`: `int main`, as one call of
/// `run_main`.
#define PYASYNC_MAIN(function, ...) \
    int main(int argc, char** argv) { return ::pyasync::run_main(argc, argv, function __VA_OPT__(, ) __VA_ARGS__); }
