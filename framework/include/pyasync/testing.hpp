// framework/include/pyasync/testing.hpp: tests that are coroutines, on doctest.
// SPDX-License-Identifier: MIT
#pragma once

#if defined(DOCTEST_CONFIG_IMPLEMENT) || defined(DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN)
#error "pyasync::testing contains doctest's own code: leave DOCTEST_CONFIG_IMPLEMENT out, and write PYASYNC_TEST_MAIN()"
#endif
#ifdef DOCTEST_CONFIG_ASSERTS_RETURN_VALUES
#error "with DOCTEST_CONFIG_ASSERTS_RETURN_VALUES an assertion is a lambda, in which no co_await can stand"
#endif

#include <doctest/doctest.h>

#include <source_location>

#include <pyasync/core/task.hpp>
#include <pyasync/options.hpp>
#include <pyasync/py/object.hpp>

// A case that awaits nothing is no coroutine, and would return from nowhere: end it with co_return, or make it a
// PYASYNC_TEST_CASE_BLOCKING.
#pragma GCC diagnostic error "-Wreturn-type"

/// A test case that is a coroutine.
///
///     #include <pyasync/pyasync.hpp>
///     #include <pyasync/testing.hpp>
///
///     PYASYNC_TEST_CASE("sleep gives way to the other loop" * doctest::timeout(5)) {
///         co_await pyasync::call("asyncio:sleep", 0.01);
///         CHECK(co_await answer() == 42);
///     }
///
///     PYASYNC_TEST_MAIN()
///
/// It is a doctest case like any other: named and decorated as one (`doctest::skip`, `may_fail`, `should_fail`,
/// `expected_failures`, `description`, `timeout`), in a test suite where it stands in one, chosen by the same filters,
/// told by the same reporters. `TEST_CASE` works beside it, on the main thread, without an event loop.
///
/// **Thread.** The main thread is asyncio's, on a new event loop for each case (for each way through it, where it has
/// subcases), as `run` makes it. The case is a task and runs on a libuv loop. **Assertions** work after any `co_await`,
/// in any task and on any thread; those that throw (`REQUIRE`) end the task that they stand in, and the case where that
/// task is awaited. A `SUBCASE` belongs into the case itself. `INFO` and `CAPTURE` are the thread's: with a `co_await`
/// below them, let no other task have some at the same time.
///
/// **The end.** It ends when its body does. It fails, beside what doctest says, and what is told of is named:
/// - *every task has ended*: a C++ task, a blocking function or a Python task that still runs, and that nobody has
///   asked to end. (What has been cancelled, or its future dropped, is waited for first.) It is then cancelled.
/// - *every coroutine is awaited*: a Python or C++ coroutine object that "was never awaited".
/// - *every exception is retrieved*: what a detached C++ task or a dropped future has failed with; whatever reaches the
///   event loop's exception handler ("Task exception was never retrieved"), `sys.unraisablehook` or
///   `threading.excepthook`.
/// - *nothing of the event loop is kept*: after its event loop is closed and the garbage is collected, no event loop,
///   Future, Task, coroutine or asynchronous generator that was made meanwhile may be there any more. Each of them
///   holds on to what its case has used; who holds on to it is named: C++, where no Python object does. (References to
///   other objects are not counted: to keep some is what caches do. C++ memory is a sanitizer's affair.)
///
/// **The limit.** A case that has not ended within its limit fails. doctest's `timeout` decorator sets it; else the
/// command line's `--timeout=SECONDS`, else the environment's PYASYNC_TEST_TIMEOUT, else a minute; 0 is none at all.
/// Then stderr has what waits for what, as `dump_tasks` shows it; the case is cancelled and has
/// `options.shutdown_timeout` to unwind; and the next case follows. Where Python code blocks the main thread, it is
/// interrupted by an exception. What does not end is named and left behind. Where that blocks a libuv loop, no further
/// case can run; where it blocks the main thread for good, the process is aborted, which doctest reports as a crash.
///
/// Ctrl-C and SIGTERM cancel the case, then end the run: 130, 143.
#define PYASYNC_TEST_CASE(decorators) PYASYNC_DETAIL_TEST_CASE(DOCTEST_ANONYMOUS(PYASYNC_CASE_), decorators)

/// The same, for a coroutine that is given its event loop: `event_loop` is the name of a `pyasync::py::object`.
///
///     PYASYNC_TEST_CASE_LOOP("the loop is the one that runs", loop) {
///         CHECK(co_await pyasync::on_asyncio([&](auto py) { return pyasync::get_running_loop(py).is(loop.bind(py));
///         }));
///     }
#define PYASYNC_TEST_CASE_LOOP(decorators, event_loop) \
    PYASYNC_DETAIL_TEST_CASE_LOOP(DOCTEST_ANONYMOUS(PYASYNC_CASE_), decorators, event_loop)

/// The same, for a function that is no coroutine and may block: it runs off the loops, on a thread of libuv's pool,
/// without the GIL, and in a task's name, so that `spawn` and `with_gil` find the event loop.
///
///     PYASYNC_TEST_CASE_BLOCKING("two threads may wait for each other") {
///         std::promise<int> promise;
///         pyasync::spawn(fulfil(promise)).detach();
///         CHECK(promise.get_future().get() == 42);
///     }
///
/// **The limit.** A function cannot be cancelled: one that has not returned by then is left behind.
#define PYASYNC_TEST_CASE_BLOCKING(decorators) \
    PYASYNC_DETAIL_TEST_CASE_BLOCKING(DOCTEST_ANONYMOUS(PYASYNC_CASE_), decorators)

/// `int main` of a test program, as one call of `run_tests`: in one of its files.
///
///     PYASYNC_TEST_MAIN()
///     PYASYNC_TEST_MAIN({.loop_threads = 2, .module_search_paths = {"tests"}})
#define PYASYNC_TEST_MAIN(...) \
    int main(int argc, char** argv) { return ::pyasync::testing::run_tests(argc, argv __VA_OPT__(, ) __VA_ARGS__); }

namespace pyasync::testing {

/// The whole of a test program: runs doctest with the command line, and Python around it (where no case runs, as with
/// `--list-test-cases`, without); returns the exit code.
///
/// Beside doctest's own options there are `--timeout=SECONDS`, which is described at `PYASYNC_TEST_CASE`, and
/// `--event-loop=NAME`, or PYASYNC_TEST_EVENT_LOOP in the environment, which runs the cases on another event loop than
/// that of `how`. **Thread.** The main thread. **Errors.** What is wrong with the command line, and a `doctest_version`
/// (that of the header which the tests see) other than the one that this library contains, goes to stderr; then it
/// returns 1.
[[nodiscard]] int run_tests(int argc, char** argv, const options& how = {}, int doctest_version = DOCTEST_VERSION);

namespace detail {

/// What the macros call, from within a doctest case of `run_tests`; throws what the case throws.
void run_case(task<> (*body)(), const std::source_location& where = std::source_location::current());
void run_case(task<> (*body)(py::object), const std::source_location& where = std::source_location::current());
void run_blocking_case(void (*body)(), const std::source_location& where = std::source_location::current());

}  // namespace detail
}  // namespace pyasync::testing

#define PYASYNC_DETAIL_TEST_CASE(body, decorators)                                 \
    static ::pyasync::task<> body();                                               \
    DOCTEST_TEST_CASE(decorators) { ::pyasync::testing::detail::run_case(&body); } \
    static ::pyasync::task<> body()

#define PYASYNC_DETAIL_TEST_CASE_LOOP(body, decorators, event_loop)                \
    static ::pyasync::task<> body(::pyasync::py::object event_loop);               \
    DOCTEST_TEST_CASE(decorators) { ::pyasync::testing::detail::run_case(&body); } \
    static ::pyasync::task<> body([[maybe_unused]] ::pyasync::py::object event_loop)

#define PYASYNC_DETAIL_TEST_CASE_BLOCKING(body, decorators)                                 \
    static void body();                                                                     \
    DOCTEST_TEST_CASE(decorators) { ::pyasync::testing::detail::run_blocking_case(&body); } \
    static void body()
