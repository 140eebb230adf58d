// framework/include/pyasync/options.hpp: how an application wants to run.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <pyasync/core/spin.hpp>

namespace pyasync {

/// How long a thread spins for the other side's next message before it sleeps; any duration will do.
///
/// Spinning is adaptive: it begins only while messages follow one another closely and the other side runs on another
/// processor, so that an idle program costs nothing.
namespace spin {
inline constexpr std::chrono::nanoseconds off{0};
inline constexpr std::chrono::nanoseconds adaptive = detail::default_spin_limit;
}  // namespace spin

/// For `run`, `run_main` and `PYASYNC_MAIN`.
///
///     PYASYNC_MAIN(run, {.event_loop = "uvloop", .loop_threads = 2})
struct options {
    /// "asyncio", "uvloop", or "module:factory": a function of no arguments that returns a new event loop.
    std::string event_loop = "asyncio";
    /// libuv loops, each on a thread of its own; tasks are spread over them.
    std::size_t loop_threads = 1;
    /// Go before everything else on `sys.path`, after the program's own folder. (`run_main` only.)
    std::vector<std::filesystem::path> module_search_paths = {};
    /// Python's isolated mode: no environment variables, no user site-packages. (`run_main` only.)
    bool isolated = false;
    /// asyncio's debug mode; and in an application, from then on, SIGUSR1 writes `dump_tasks()` to stderr (unless the
    /// signal has an action of the program's own).
    bool debug = false;
    /// `spin::off`, `spin::adaptive`, or a longest time to spin; for the whole process.
    std::chrono::nanoseconds spin = spin::adaptive;
    /// How long the end may take, each: for what has been cancelled to unwind, with the jobs of the loop's executor; and
    /// for Python's own threads, but daemons, to end. What has not by then is named on stderr and left behind.
    std::chrono::milliseconds shutdown_timeout = std::chrono::seconds(10);
    /// End without taking Python apart: its threads are joined, `atexit` runs and what has been written is flushed, as ever;
    /// but objects that are left are not collected, so that their `__del__` does not run. Saves a short program a fifth of
    /// its time. (`run_main` only.)
    bool fast_exit = false;
};

}  // namespace pyasync
