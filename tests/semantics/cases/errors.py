# tests/semantics/cases/errors.py: what an exception keeps on its way from one side to the other.
# SPDX-License-Identifier: MIT
"""Its identity, its traceback."""

import linecache
import re
import traceback
from collections.abc import Awaitable, Callable
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
