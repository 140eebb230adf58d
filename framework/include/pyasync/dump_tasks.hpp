// framework/include/pyasync/dump_tasks.hpp: which task waits for what, and where, across both languages.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

namespace pyasync {

/// Every task that runs or waits, in both languages, as a tree: below a task stands what it waits for, whatever
/// language that is in and whichever loop it runs on.
///
///     std::fputs(pyasync::dump_tasks().c_str(), stderr);
///     m.def("dump_tasks", &pyasync::dump_tasks, "Which task waits for what.");     // in an extension module
///
///     2 event loops
///       asyncio 0: <_UnixSelectorEventLoop running=True closed=False debug=False> on MainThread, waits
///       libuv 0: 2 tasks
///
///     * C++ task fetch_all [libuv 0] waits for Python's example:fetch, at main.cpp:31 in fetch_all
///         started at main.cpp:60 in main
///       * Python task Task-3 fetch [asyncio 0] waits for a C++ task, at example.py:9 in connect
///           awaited at example.py:17 in fetch
///         * C++ task resolve [libuv 0] waits for uv::sleep, 1.900 s left, at main.cpp:12 in resolve
///
/// **Format.** First the event loops, a line each: what its thread does, and where a thread of asyncio's computes, its
/// Python frames; that a loop does not answer. Then a line a task, that begins with spaces and `* `: kind, name, the
/// loop in brackets, its state, and the place that it stands at, file, line and function: of the innermost `co_await`
/// or `await`. Below it `awaited at`, the places that it has come by, from the inside to the outside; `started at`, who
/// has started a C++ task that nobody waits for; and indented by two, what it waits for. What several wait for is shown
/// once, and then by its first line and "see above". The words may change: it is for people to read.
///
/// Shown are the tasks of all libuv loops, and of every asyncio loop that has met the framework, on any thread. Each
/// libuv loop describes its tasks itself, between two steps of theirs, and all of Python's is described under the GIL:
/// nothing is read while it changes. But each of them tells of a moment of its own; what has begun or ended between
/// these is said to be not shown.
///
/// **Thread.** Any, with the GIL or without: event loops, loop threads, threads of the program's own. It waits for the
/// other loops, a quarter of a second at the most, without the GIL meanwhile; what does not answer by then, a loop
/// thread that something blocks, Python where somebody keeps the GIL, is said not to answer. (From a C++ task:
/// `co_await spawn_blocking(&dump_tasks)`, else the other tasks of its loop wait meanwhile.) **Errors.**
/// `std::bad_alloc`. **Cost.** Nothing while it is not called, but that a coroutine which has to wait writes one pointer
/// more, and two where it is another one that awaits it.
///
/// With `options.debug`, an application writes this to stderr whenever it gets the signal SIGUSR1.
[[nodiscard]] std::string dump_tasks();

namespace detail {

/// The same with another limit.
[[nodiscard]] std::string dump_tasks_within(std::chrono::milliseconds patience);

}  // namespace detail

}  // namespace pyasync
