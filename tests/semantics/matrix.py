# tests/semantics/matrix.py: the table of what happens: docs/semantics.md says it, and a test shows each cell.
# SPDX-License-Identifier: MIT
"""The only place where a cell is written down. A result is one sentence, or one for each host where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass

HOSTS = {"application": "application", "module": "extension module"}
LOOPS = ("asyncio", "uvloop")

Result = str | dict[str, str]


@dataclass(frozen=True)
class Outcome:
    title: str
    meaning: str


@dataclass(frozen=True)
class Direction:
    title: str
    how: str
    results: dict[str, Result]


@dataclass(frozen=True)
class Group:
    """Tests beside the matrix: what they are about, and the result of each."""

    about: dict[str, str]
    results: dict[str, Result]


@dataclass(frozen=True)
class Cell:
    """A test, by the name of its case."""

    case: str
    result: Result


OUTCOMES = {
    "value": Outcome("value", "what is awaited ends with a value"),
    "exception": Outcome("exception", "it ends with an exception"),
    "cancelled_inside": Outcome(
        "cancelled inside", "it cancels itself, or lets the cancellation of something else out"
    ),
    "cancelled_from_outside": Outcome("cancelled from outside", "whoever awaits it is cancelled, or cancels it"),
    "dropped": Outcome("dropped", "nobody has the awaitable any more, and it has not ended"),
    "loop_closed": Outcome("loop closed", "the asyncio loop is closed while it is under way"),
    "runtime_stopping": Outcome(
        "runtime stopping",
        "the program ends while it is under way: in an application `main` has ended, in a module Python exits with a "
        "loop that is still open",
    ),
    "forked": Outcome("forked", "the process forks while it is under way"),
}

FORKED = (
    "The parent goes on as if nothing had been; in the child, which leaves with `os._exit` as multiprocessing's do, nothing "
    "of it moves, and what starts there anew is a `RuntimeError` that says so"
)

DIRECTIONS = {
    "cpp_awaits_python": Direction(
        "C++ awaits Python",
        "`co_await call<T>(...)`, `into_future<T>(...)`",
        {
            "value": "The value, converted to `T` on asyncio's thread; the task goes on on its own.",
            "exception": "A `py::python_error`; where it leaves C++ again, Python gets the same object.",
            "cancelled_inside": "`cancelled`, which is a `CancelledError` where it goes back to Python.",
            "cancelled_from_outside": "Python gets a `CancelledError` where it waits, and cleans up; then the C++ that was "
            "cancelled throws `cancelled`, and whoever waits for that goes on.",
            "dropped": "C++ goes on at once; Python gets a `CancelledError` where it waits, and cleans up.",
            "loop_closed": "A `std::runtime_error` that says that the loop is closed; the Python coroutine is closed, too.",
            "runtime_stopping": {
                "application": "Python gets a `CancelledError` where it waits, and cleans up; then C++ throws `cancelled`.",
                "module": "A `std::runtime_error` that says that the loop is closed; the Python coroutine is closed, too.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "python_awaits_coroutine": Direction(
        "Python awaits a C++ coroutine",
        "`await f()`, where `m.def` or `coroutine_function` has made `f` of a `task<T> f()`",
        {
            "value": "The value, converted to Python on asyncio's thread.",
            "exception": "Python's counterpart, `CppError` where there is none, with type and message, and the C++ frames "
            "that it has passed.",
            "cancelled_inside": "A `CancelledError`.",
            "cancelled_from_outside": "C++ throws `cancelled` where it waits, and cleans up, which may wait; then Python gets "
            "the `CancelledError`, with the message that it was cancelled with.",
            "dropped": "C++ throws `cancelled` where it waits, and cleans up; nobody waits for that.",
            "loop_closed": "C++ throws `cancelled` where it waits, and cleans up; who steps the coroutine still gets a "
            "`CancelledError`; nothing is printed.",
            "runtime_stopping": {
                "application": "C++ throws `cancelled` where it waits, and cleans up; then Python gets a `CancelledError`.",
                "module": "C++ throws `cancelled` where it waits, and cleans up, before Python is finalised.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "python_awaits_future": Direction(
        "Python awaits a hot future",
        "`future_into_py(py, task)`: it has begun before anybody awaits it",
        {
            "value": "The value, converted to Python on asyncio's thread.",
            "exception": "As with a coroutine; one that nobody has asked for is reported by the loop.",
            "cancelled_inside": "The future is cancelled: a `CancelledError`.",
            "cancelled_from_outside": "C++ throws `cancelled` where it waits, and cleans up; then the future is cancelled, "
            "with the message.",
            "dropped": "C++ throws `cancelled` where it waits, and cleans up; nobody waits for that.",
            "loop_closed": "The future is cancelled at once; C++ throws `cancelled` where it waits, and cleans up; nothing is "
            "printed.",
            "runtime_stopping": {
                "application": "C++ throws `cancelled` where it waits, and cleans up; then the future is cancelled.",
                "module": "C++ throws `cancelled` where it waits, and cleans up, before Python is finalised.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "streams_to_cpp": Direction(
        "A stream from Python to C++",
        "`into_stream<T>(async_iterable)`, `co_await s.next()`",
        {
            "value": "Every item, in order, converted to `T`; then nothing, for ever.",
            "exception": "The items before it, then a `py::python_error`, once; then nothing, for ever.",
            "cancelled_inside": "The items before it, then `cancelled`, once; then nothing, for ever.",
            "cancelled_from_outside": "The iterable gets a `CancelledError` where it waits, and cleans up; then `next()` "
            "throws `cancelled`, and whoever waits for that goes on.",
            "dropped": "C++ goes on at once; the iterable's `aclose()` is called, and its `finally` ends.",
            "loop_closed": "`next()` throws a `std::runtime_error` that says that the loop is closed; then nothing, for ever.",
            "runtime_stopping": {
                "application": "The iterable gets a `CancelledError` where it waits, and cleans up; then `next()` throws "
                "`cancelled`.",
                "module": "`next()` throws a `std::runtime_error` that says that the loop is closed.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "streams_to_python": Direction(
        "A stream from C++ to Python",
        "`async for item in f()`, where `f` returns an `async_generator<T>`",
        {
            "value": "Every item, in order, converted to Python; then the end.",
            "exception": "The items before it, then the exception, as with a coroutine; then the end.",
            "cancelled_inside": "The items before it, then a `CancelledError`; then the end.",
            "cancelled_from_outside": "The generator throws `cancelled` where it waits, and cleans up; then Python gets the "
            "`CancelledError`, with the message.",
            "dropped": "The generator throws `cancelled` where it stands, and cleans up; nobody waits for that.",
            "loop_closed": "The generator throws `cancelled` where it waits, and cleans up; nothing is printed.",
            "runtime_stopping": {
                "application": "The generator throws `cancelled` where it waits, and cleans up; then Python gets a "
                "`CancelledError`.",
                "module": "The generator throws `cancelled` where it waits, and cleans up, before Python is finalised.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "channel_to_python": Direction(
        "A channel from C++ to Python",
        "`await ch.receive()`, `async for item in ch`, of a `channel<T>` that C++ sends to",
        {
            "value": "Every item, in order, converted to Python; then, when it has been closed, the end.",
            "exception": "Closed, and nothing in it any more: what it has had, then `receive()` raises `ChannelClosed`.",
            "cancelled_inside": "Nothing comes of how a sender ends: what it has sent is there, and the channel stays open.",
            "cancelled_from_outside": "`receive()` raises `CancelledError`, with the message, and has taken nothing.",
            "dropped": "It has taken nothing; the next item is for who comes next.",
            "loop_closed": "It has taken nothing; the next item is for who comes next. Nothing is printed.",
            "runtime_stopping": {
                "application": "`receive()` raises `CancelledError`, and has taken nothing.",
                "module": "It has taken nothing; the coroutine goes with Python, and nothing is printed.",
            },
            "forked": f"{FORKED}.",
        },
    ),
    "channel_to_cpp": Direction(
        "A channel from Python to C++",
        "`co_await ch.receive()`, of a `channel<T>` that Python sends to with `await ch.send(item)`",
        {
            "value": "Every item, in order, converted to `T`; then, when it has been closed, nothing, for ever.",
            "exception": "An item that does not convert is a `TypeError` of `send`, at the call; C++ hears nothing of it.",
            "cancelled_inside": "Nothing comes of how a sender ends: what it has sent is there, and the channel stays open.",
            "cancelled_from_outside": "`receive()` throws `cancelled`, and has taken nothing.",
            "dropped": "C++ goes on at once; `receive()` throws `cancelled`, and has taken nothing.",
            "loop_closed": "A `send` that waits for room has not sent; what was sent before is there.",
            "runtime_stopping": "`receive()` throws `cancelled`.",
            "forked": f"{FORKED}.",
        },
    ),
}

CONTEXT = Group(
    {
        "logging_of_requests": "Several requests are under way, each with an id in a `ContextVar` that a `logging.Filter` puts "
        "into its records; Python awaits C++ awaits Python awaits C++ awaits Python",
        "current_task": "`asyncio.current_task()` in Python that C++ has come to",
    },
    {
        "logging_of_requests": "Each record has the id of its own request, also where C++ calls Python without awaiting it "
        "(`on_asyncio`, `call` of a plain function, a `py::function`), by a spawned call, and within a stream.",
        "current_task": "In a coroutine that C++ awaits, a Task of its own, one and the same until it ends, which "
        "`asyncio.all_tasks()` has; in a function that C++ calls from a coroutine of Python's, that one's; in one that a C++ "
        "task calls, `None`, since no Task of asyncio's is at work.",
    },
)

ERRORS = Group(
    {
        "hundred_levels_of_python": "Python raises, below a hundred levels of C++ that awaits Python that awaits C++",
        "hundred_levels_of_cpp": "The same, and C++ throws at the bottom",
        "cancellation": "Python raises a `CancelledError` of its own: with a message, or of a class derived from it",
        "cancellation_of_children": "The same in what C++ awaits by `when_all`, `when_any`, `timeout`, or in a `task_group`",
        "notes": "Notes (`add_note`), on either side of C++",
        "notes_of_what_nobody_catches": "The same, and nobody catches the exception",
        "groups": "Several fail at once: in `when_all`, also within another one; in a `TaskGroup` that C++ awaits",
        "report_of_group": "The `what()` of such a group",
        "chains_of_python": "Python raises `from` a cause, from `None`, or while it handles another exception",
        "chains_of_cpp": "C++ throws with `std::throw_with_nested`",
        "report_of_chain": "The `what()` of exceptions with causes",
    },
    {
        "hundred_levels_of_python": "Every level has the same object; its traceback, and the `what()` in C++, have the frames of "
        "both sides in their order, with file, line and function.",
        "hundred_levels_of_cpp": "The same, from the first level of Python on.",
        "cancellation": "C++ catches `cancelled` (`py::cancelled_error`), whose `what()` has the message; Python gets the same "
        "object back.",
        "cancellation_of_children": "The others are cancelled; then C++ and Python get that same object.",
        "notes": "They stay; `what()` ends with them.",
        "notes_of_what_nobody_catches": "They are printed below the message.",
        "groups": "An `ExceptionGroup`, nested where they are, which `except*` takes apart; Python's own comes back as it is.",
        "report_of_group": "It has the reports of the members, below its own.",
        "chains_of_python": "`__cause__`, `__context__` and `__suppress_context__` are what they are when a Task of asyncio's is "
        "awaited.",
        "chains_of_cpp": "What was nested is the `__cause__`, at every level; a Python exception is the same object.",
        "report_of_chain": "What they came from stands before them, as Python prints it.",
    },
)

LOOPS_AND_THREADS = Group(
    {
        "several_at_once": "Several event loops run at once, on threads of their own, and each awaits C++ that awaits Python",
        "one_after_another": "One event loop after another (`asyncio.run` again and again)",
        "future_of_another_loop": "A hot future is awaited on another loop than its own",
        "foreign_thread": "A thread that neither Python nor pyasync has made spawns C++ that awaits Python",
        "nested_run": "`run` or `run_until_complete` where an event loop runs already",
    },
    {
        "several_at_once": "What Python does for C++ runs on the loop of the one who awaits C++.",
        "one_after_another": "As with the first one.",
        "future_of_another_loop": "asyncio's own `RuntimeError`, which says so; the future completes on its own loop.",
        "foreign_thread": {
            "application": "Python runs on the application's loop, or on that of the `task_locals` that the task was given.",
            "module": "The call is a `RuntimeError` that says that there is no event loop, and what to do; with the "
            "`task_locals` of a loop, Python runs on that.",
        },
        "nested_run": "A `RuntimeError` that says so, and what to do instead; the loop goes on.",
    },
)

FORKING = Group(
    {
        "sys_exit_in_what_cpp_calls": "`sys.exit(5)` in a child that a coroutine or function which C++ calls has forked off",
        "sys_exit_outermost": "The same in a coroutine that `main` awaits, or `asyncio.run`",
        "os_exit": "`os._exit(5)` in the child",
        "loop_of_its_own": "The child runs a loop of its own, by `asyncio.run`, and there awaits C++",
        "exception": "An exception leaves the coroutine, in the child",
        "comes_back": "The child goes on in its parent's event loop",
    },
    {
        "sys_exit_in_what_cpp_calls": "The child ends with 5, at once; the parent goes on as if nothing had been.",
        "sys_exit_outermost": {
            "application": "The child ends with 5, at once; the parent goes on as if nothing had been.",
            "module": "`asyncio.run` cleans up in the child, where whatever awaits C++ gets a `CancelledError`; then it ends with "
            "5. The parent goes on.",
        },
        "os_exit": "The child ends with 5; the parent goes on.",
        "loop_of_its_own": "The loop runs; C++ is a `RuntimeError` that says that it did not follow, and what to do instead.",
        "exception": {
            "application": "It is reported on stderr; the child ends with 1, as when it comes back.",
            "module": "It is reported on stderr; the child goes on as when it comes back.",
        },
        "comes_back": {
            "application": "What awaits C++ there gets a `CancelledError`; then a `RuntimeError` ends the child, and says what to "
            "do instead.",
            "module": "What awaits C++ there gets a `CancelledError`, and what starts there anew is a `RuntimeError`; else the "
            "child's loop goes on.",
        },
    },
)

DROPPING = Group(
    {
        "requests": "A hundred thousand awaitables (or ten million) are dropped: never awaited, begun, awaited by a Task, hot"
    },
    {
        "requests": "The process does not grow: by less than a MiB in all, which is a tenth of a byte for each of ten million."
    },
)

PEERS = Group(
    {
        "message_lost": "The message of a panic, or of an exception without a counterpart, is lost",
        "exception_of_generator_lost": "The exception of a generator is lost: the stream just ends",
        "non_awaitable_hangs": "Awaiting what cannot be awaited hangs until it is garbage-collected",
        "completion_after_loop_closed": "A completion after the loop has been closed prints a traceback on stderr",
        "work_goes_on_after_cancel": "The work goes on after `.cancel()`",
        "abort_at_exit": "The process aborts where a background thread takes the GIL while the interpreter is finalised",
    },
    {
        "message_lost": "It is in the `CppError`, with the name of the type; what is no `std::exception` has its type's name "
        "there.",
        "exception_of_generator_lost": "It comes behind the items before it, in both directions.",
        "non_awaitable_hangs": "A `TypeError` at once, at the call; so is a stream of what is no async iterable.",
        "completion_after_loop_closed": "C++ is told of the end, and whatever it completes with is dropped; a future that "
        "Python still has is cancelled, and stays so; stderr is empty.",
        "work_goes_on_after_cancel": "The C++ coroutine has unwound before Python sees the `CancelledError`.",
        "abort_at_exit": "Before the end `with_gil` turns newcomers away with a `std::runtime_error`, and waits for those who "
        "are in it; the exit code is the program's.",
    },
)

STOPPING = Group(
    {
        "normal_end": "`main` ends",
        "ctrl_c": "Ctrl-C",
        "sigterm": "SIGTERM",
        "sys_exit": "`sys.exit(5)` in a coroutine that C++ awaits",
        "sys_exit_in_detached_task": "The same in a C++ task that was detached",
        "daemon_threads": "Python's daemon threads call Python by C++, and await C++, all the time",
        "threads_in_with_gil": "Threads of C++ take the GIL with `with_gil` all the time",
        "loop_left_open": "A loop of the program's own has work in flight, and is neither run to the end nor closed",
        "executor_jobs": "A job of `spawn_blocking` and one of `run_in_executor` still run",
        "task_that_never_ends": "A C++ task does not let itself be cancelled",
        "thread_that_never_leaves": "A thread of C++ is in `with_gil` and does not come back",
    },
    {
        "normal_end": "What is in flight is cancelled, once, on both sides, and has unwound before the process ends.",
        "ctrl_c": {
            "application": "`main` is cancelled and unwinds; then as with a normal end; the exit code is 130. The second "
            "Ctrl-C ends the process at once.",
            "module": "The host's affair: `asyncio.run` raises a `KeyboardInterrupt`; what is in flight is cancelled by that, "
            "and at exit.",
        },
        "sigterm": {
            "application": "`main` is cancelled and unwinds; then as with a normal end; the exit code is 143. The second "
            "SIGTERM ends the process at once.",
            "module": "The host's affair: with a handler (`loop.add_signal_handler`) what that does, without one the end, at "
            "once.",
        },
        "sys_exit": "The `SystemExit` passes through C++ and back; then as with a normal end; the exit code is 5.",
        "sys_exit_in_detached_task": "It ends the event loop at once, as asyncio has it; then as with a normal end; the exit code "
        "is 5.",
        "daemon_threads": "They are stopped where they are; the exit code is the program's.",
        "threads_in_with_gil": "They get a `std::runtime_error` from `with_gil`; the exit code is the program's.",
        "loop_left_open": "C++ is cancelled and has unwound before Python is finalised.",
        "executor_jobs": {
            "application": "They are waited for, and so is a thread of Python's that is no daemon: until "
            "`options.shutdown_timeout` is over, when they are named on stderr (test `programs`).",
            "module": "They are waited for.",
        },
        "task_that_never_ends": {
            "application": "It is named on stderr when `options.shutdown_timeout` is over; the exit code is the program's.",
            "module": "It is named on stderr after five seconds; the exit code is the program's.",
        },
        "thread_that_never_leaves": {
            "application": "That is said on stderr when `options.shutdown_timeout` is over; the exit code is the program's.",
            "module": "That is said on stderr after five seconds; the exit code is the program's.",
        },
    },
)
ONCE = ("task_that_never_ends", "thread_that_never_leaves")
"""The others are run again and again."""


GROUPS = {
    "context": CONTEXT,
    "errors": ERRORS,
    "dropping": DROPPING,
    "peers": PEERS,
    "stopping": STOPPING,
    "loops": LOOPS_AND_THREADS,
    "forking": FORKING,
}


def cells() -> Iterator[Cell]:
    """Every test of the matrix and of the groups, but those that are run again and again."""
    for key, direction in DIRECTIONS.items():
        for outcome in OUTCOMES:
            yield Cell(f"{key}.{outcome}", direction.results[outcome])
    for name in ("context", "dropping", "errors", "forking", "loops", "peers"):
        yield from of_group(name, GROUPS[name])


def of_group(name: str, group: Group) -> Iterator[Cell]:
    for key in group.about:
        yield Cell(f"{name}.{key}", group.results[key])


def faults() -> Iterator[str]:
    """What is missing in the table, or is too much."""
    for key, direction in DIRECTIONS.items():
        if direction.results.keys() != OUTCOMES.keys():
            yield f"{key}: {sorted(direction.results.keys() ^ OUTCOMES.keys())} has no result, or is no outcome"
    for group in GROUPS.values():
        if group.results.keys() != group.about.keys():
            yield f"{sorted(group.results.keys() ^ group.about.keys())} has no result, or is not explained"
    for cell in (*cells(), *of_group("stopping", STOPPING)):
        sentences = cell.result.values() if isinstance(cell.result, dict) else [cell.result]
        if isinstance(cell.result, dict) and cell.result.keys() != HOSTS.keys():
            yield f"{cell.case}: a result is for both hosts"
        if not all(sentence.endswith(".") and len(sentence) > len("Nothing.") for sentence in sentences):
            yield f"{cell.case}: an empty cell, or no sentence"
