# tests/semantics/cases/errors.py: what an exception keeps on its way from one side to the other.
# SPDX-License-Identifier: MIT
"""Its identity, its traceback, its notes, its causes, its members."""

import asyncio
import linecache
import re
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from cases.case import case
from cases.hosts import cpp, described, record

DEPTH = 100
Place = tuple[str, str, str]
"""The file, the function, and what stands in that line of that file."""

IN_PYTHON = ("errors.py", "descend", "await cpp.descend(depth, in_cpp)")
IN_CPP = ("cpp_side.cpp", "descend", 'co_await pyasync::call("cases.errors:descend", depth - 1, in_cpp);')

met: list[BaseException] = []


def named(function: Callable[[], Awaitable[object]]) -> str:
    return f"{__name__}:{function.__name__}"


# ---- Python awaits C++, which awaits Python, and so on. ----


async def descend(depth: int, in_cpp: bool) -> None:
    """Fails at depth 0: here, or in C++, which is one step deeper."""
    try:
        if depth == 0 and not in_cpp:
            raise ValueError("broken")
        await cpp.descend(depth, in_cpp)
    except Exception as error:
        met.append(error)
        raise


async def fail_in_python() -> None:
    await descend(DEPTH, False)


async def fail_in_cpp() -> None:
    await descend(DEPTH, True)


def place(file: str, line: int, function: str) -> Place:
    return (Path(file).name, function.rpartition("::")[2], linecache.getline(file, line).strip())


def places_of(error: BaseException) -> list[Place]:
    frames = traceback.extract_tb(error.__traceback__)
    return [place(frame.filename, frame.lineno or 0, frame.name) for frame in frames]


def places_in(report: str) -> list[Place]:
    frames = re.findall(r'^  File "(.*)", line (\d+), in (.*)$', report, re.MULTILINE)
    return [place(file, int(line), function) for file, line, function in frames]


async def fall(how: Callable[[], Awaitable[None]], bottom: list[Place]) -> None:
    """Tells what has become of the exception that has come up, in Python and by C++'s `what()`."""
    expected = [IN_PYTHON, IN_CPP] * DEPTH + bottom
    met.clear()
    try:
        await how()
    except Exception as error:
        record(f"Python: {described(error)}")
        same = [each is error for each in met]
        record(f"Python: the same object at {len(same)} levels: {all(same)}")
        below = places_of(error)[2:]  # this function, and the one that it has called
        record(f"Python: {len(below)} frames, those of both by turns: {below == expected}")
    report = await cpp.report_of(named(how))
    below = places_in(report)[1:]
    record(f"C++: {len(below)} frames, those of both by turns: {below == expected}")


@case("""
    Python: ValueError: broken
    Python: the same object at 101 levels: True
    Python: 201 frames, those of both by turns: True
    C++: 201 frames, those of both by turns: True
    """)
async def hundred_levels_of_python() -> None:
    await fall(fail_in_python, [("errors.py", "descend", 'raise ValueError("broken")')])


@case("""
    Python: IndexError: no such item
    Python: the same object at 101 levels: True
    Python: 202 frames, those of both by turns: True
    C++: 202 frames, those of both by turns: True
    """)
async def hundred_levels_of_cpp() -> None:
    await fall(fail_in_cpp, [IN_PYTHON, ("cpp_side.cpp", "descend", "if (depth == 0) co_await fail();")])


# ---- Cancellations. ----


class Stop(asyncio.CancelledError):
    """A cancellation of the program's own kind."""


async def stop() -> None:
    await asyncio.sleep(0)
    met.append(Stop("enough"))
    raise met[-1]


async def cancel_itself() -> None:
    try:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("no more")
        await asyncio.sleep(0)
    except asyncio.CancelledError as error:
        met.append(error)
        raise


@case("""
    Python: Stop: enough
    Python: the same object: True
    C++: the task was cancelled: enough
    Python: CancelledError: no more
    Python: the same object: True
    C++: the task was cancelled: no more
    """)
async def cancellation() -> None:
    for function in (stop, cancel_itself):
        try:
            await cpp.call_python(named(function))
        except asyncio.CancelledError as error:
            record(f"Python: {described(error)}")
            record(f"Python: the same object: {error is met[-1]}")
        record(f"C++: {await cpp.report_of(named(function))}")


@case("""
    Python: when_all: Stop: enough, the same object: True
    Python: when_any: Stop: enough, the same object: True
    Python: with_task_group: Stop: enough, the same object: True
    Python: timeout: Stop: enough, the same object: True
    """)
async def cancellation_of_children() -> None:
    for combinator in ("when_all", "when_any", "with_task_group", "timeout"):
        try:
            await cpp.call_python_within(combinator, named(stop))
        except asyncio.CancelledError as error:
            record(f"Python: {combinator}: {described(error)}, the same object: {error is met[-1]}")


# ---- Notes. ----


async def fail_with_note() -> None:
    error = ValueError("broken")
    error.add_note("noted in Python")
    raise error


async def note_again() -> None:
    try:
        await cpp.call_python(named(fail_with_note))
    except ValueError as error:
        error.add_note("noted behind C++")
        raise


async def note_exception_of_cpp() -> None:
    try:
        await cpp.fail_with_message()
    except cpp.CppError as error:
        error.add_note("noted in Python")
        raise


def without_frames(report: str) -> Iterator[str]:
    """A report's lines, but the empty ones and those of tracebacks."""
    for line in report.splitlines():
        if line.strip(" |") and not re.match(r'[ |+]*(Traceback |  File ")', line):
            yield line.replace(f"{cpp.CppError.__module__}.CppError", "CppError")


async def tell_report(function: Callable[[], Awaitable[object]]) -> None:
    for line in without_frames(await cpp.report_of(named(function))):
        record(f"C++: {line}")


@case("""
    C++: ValueError: broken
    C++: noted in Python
    C++: noted behind C++
    Python: ['noted in Python', 'noted behind C++']
    C++: CppError: std::runtime_error: the disk is full
    C++: noted in Python
    Python: ['noted in Python']
    """)
async def notes() -> None:
    for function in (note_again, note_exception_of_cpp):
        await tell_report(function)
        try:
            await cpp.call_python(named(function))
        except (ValueError, cpp.CppError) as error:
            record(f"Python: {error.__notes__}")


@case("", code=1, stderr=r"Traceback .*\nValueError: broken\nnoted in Python\nnoted behind C\+\+\n")
async def notes_of_what_nobody_catches() -> None:
    await cpp.call_python(named(note_again))


# ---- Groups. ----


def structure(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__}[{', '.join(map(structure, error.exceptions))}]"
    return described(error)


async def group_of_cpp() -> None:
    await cpp.fail_within_group()


async def group_of_python() -> None:
    """Of two C++ coroutines, the second of which fails when it is cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(cpp.fail_late())
        await asyncio.sleep(0)
        group.create_task(cpp.fail())


@case("""
    Python: ExceptionGroup[ExceptionGroup[IndexError: no such item, ValueError: late], ValueError: late]
    Python: except* IndexError: ExceptionGroup[ExceptionGroup[IndexError: no such item]]
    Python: except* ValueError: ExceptionGroup[ExceptionGroup[ValueError: late], ValueError: late]
    Python: ExceptionGroup[IndexError: no such item, ValueError: late]
    Python: except* IndexError: ExceptionGroup[IndexError: no such item]
    Python: except* ValueError: ExceptionGroup[ValueError: late]
    """)
async def groups() -> None:
    """Those of `when_all`, nested, and one of asyncio's that has passed C++."""
    for function in (group_of_cpp, group_of_python):
        try:
            await cpp.call_python(named(function))
        except BaseExceptionGroup as group:
            record(f"Python: {structure(group)}")
        try:
            await cpp.call_python(named(function))
        except* IndexError as group:
            record(f"Python: except* IndexError: {structure(group)}")
        except* ValueError as group:
            record(f"Python: except* ValueError: {structure(group)}")


@case("""
    C++: ExceptionGroup: several tasks have failed (2 sub-exceptions)
    C++:   +---------------- 1 ----------------
    C++:   | ExceptionGroup: several tasks have failed (2 sub-exceptions)
    C++:   |   +---------------- 1 ----------------
    C++:   |   | IndexError: no such item
    C++:   |   +---------------- 2 ----------------
    C++:   |   | ValueError: late
    C++:   |   +------------------------------------
    C++:   +---------------- 2 ----------------
    C++:   | ValueError: late
    C++:   +------------------------------------
    """)
async def report_of_group() -> None:
    await tell_report(group_of_cpp)


# ---- Causes. ----


async def plain() -> None:
    raise ValueError("plain")


async def in_handler() -> None:
    try:
        raise KeyError("handled")
    except KeyError:
        raise ValueError("in a handler")  # noqa: B904  # that is what is looked at


async def from_cause() -> None:
    try:
        raise KeyError("handled")
    except KeyError:
        raise ValueError("from a cause") from LookupError("cause")


async def from_none() -> None:
    try:
        raise KeyError("handled")
    except KeyError:
        raise ValueError("from None") from None


def chain_of(error: BaseException | None) -> str:
    """All that an exception says of others."""
    if error is None:
        return "none"
    context = f"context {chain_of(error.__context__)}, cause {chain_of(error.__cause__)}"
    return f"({error!r}, {context}, {error.__suppress_context__})"


async def caught(awaitable: Awaitable[None], handled: BaseException | None) -> str:
    """The chain of what it ends with, where another exception is handled, or none."""
    try:
        if handled is not None:
            try:
                raise handled
            except TypeError:
                await awaitable
        await awaitable
    except ValueError as error:
        return chain_of(error)
    return "no exception"


@case("""
    Python: plain: as from a Task
    Python: in_handler: as from a Task
    Python: from_cause: as from a Task
    Python: from_none: as from a Task
    """)
async def chains_of_python() -> None:
    """`__cause__`, `__context__` and `__suppress_context__` are what they are when asyncio's own Task is awaited."""
    for function in (plain, in_handler, from_cause, from_none):
        for handled in (None, "handled further out"):
            of_task = await caught(asyncio.create_task(function()), TypeError(handled) if handled else None)
            through = await caught(cpp.call_python(named(function)), TypeError(handled) if handled else None)
            if through != of_task:
                record(f"Python: {function.__name__}: {through} and not {of_task}")
                break
        else:
            record(f"Python: {function.__name__}: as from a Task")


async def nested_in_cpp() -> None:
    await cpp.fail_with_causes()


broken = ValueError("broken")


async def fail_broken() -> None:
    raise broken


@case("""
    Python: CppError: std::runtime_error: no service, from CppError: std::logic_error: cannot load, from IndexError: no such item
    Python: ValueError: no configuration, from ValueError: broken
    Python: the same object: True
    """)
async def chains_of_cpp() -> None:
    """What has been thrown with `std::throw_with_nested`."""
    try:
        await cpp.fail_with_causes()
    except cpp.CppError as error:
        told = [described(error)]
        cause = error.__cause__
        while cause is not None:
            told.append(described(cause))
            cause = cause.__cause__
        record(f"Python: {', from '.join(told)}")
    try:
        await cpp.fail_because_of(named(fail_broken))
    except ValueError as error:
        assert error.__cause__ is not None
        record(f"Python: {described(error)}, from {described(error.__cause__)}")
        record(f"Python: the same object: {error.__cause__ is broken}")


@case("""
    C++: IndexError: no such item
    C++: The above exception was the direct cause of the following exception:
    C++: CppError: std::logic_error: cannot load
    C++: The above exception was the direct cause of the following exception:
    C++: CppError: std::runtime_error: no service
    C++: KeyError: 'handled'
    C++: During handling of the above exception, another exception occurred:
    C++: ValueError: in a handler
    C++: LookupError: cause
    C++: The above exception was the direct cause of the following exception:
    C++: ValueError: from a cause
    C++: ValueError: from None
    """)
async def report_of_chain() -> None:
    for function in (nested_in_cpp, in_handler, from_cause, from_none):
        await tell_report(function)
