# tests/semantics/cases/dropping.py: awaitables that are dropped by the hundred thousand, and what they leave behind.
# SPDX-License-Identifier: MIT
"""A server whose clients go away. PYASYNC_TEST_REQUESTS says how many there are."""

import asyncio
import ctypes
import gc
import os
import time
import warnings
from collections.abc import Callable

from cases.case import case
from cases.hosts import cpp, keep_quiet, record

REQUESTS = int(os.environ.get("PYASYNC_TEST_REQUESTS", "100000"))
BATCH = 1_000  # under way at a time
WARM_UP = 20_000
LIMIT = 1 << 20  # bytes that the process may grow by after that, whatever the number

libc = ctypes.CDLL(None)


# ---- Ways to drop. Whatever has begun in C++ waits for a timer of an hour. ----


def never_awaited() -> None:
    cpp.wait_quietly()


def begun() -> None:
    cpp.wait_quietly().send(None)


def begun_and_in_a_cycle() -> None:
    coroutine = cpp.wait_quietly()
    coroutine.send(None)
    cycle = [coroutine]
    cycle.append(cycle)


def awaited_by_a_task() -> None:
    """The Task and what it awaits refer to one another: the garbage collector finds them."""
    keep_quiet(asyncio.create_task(cpp.wait_quietly()))


def cancelled() -> None:
    asyncio.create_task(cpp.wait_quietly()).cancel()


def hot() -> None:
    cpp.hot_wait_quietly()


def stream() -> None:
    cpp.wait_for_item().__anext__().send(None)


def call_of_python() -> None:
    cpp.drop_at_once(f"{__name__}:{wait_for_ever.__name__}")


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


WAYS: tuple[Callable[[], None], ...] = (
    never_awaited,
    begun,
    begun_and_in_a_cycle,
    awaited_by_a_task,
    cancelled,
    hot,
    stream,
    call_of_python,
)


# ---- The process. ----


async def drop(number: int) -> None:
    for begin in range(0, number, BATCH):
        for request in range(begin, min(begin + BATCH, number)):
            WAYS[request % len(WAYS)]()
        await asyncio.sleep(0)  # the Tasks begin
        await cpp.answer()
        gc.collect()
    while cpp.waiting() > 0:
        await cpp.answer()


def resident() -> int:
    """Bytes, without what the C library keeps for later."""
    gc.collect()
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@case(
    f"""
    Python: {REQUESTS} requests dropped, and nothing left
    """,
    seconds=60 + REQUESTS // 10_000,
)
async def requests() -> None:
    warnings.simplefilter("ignore", RuntimeWarning)  # "never awaited" is one of the ways
    await drop(WARM_UP)
    before, begin = resident(), time.monotonic()
    await drop(REQUESTS)
    after, seconds = resident(), time.monotonic() - begin
    numbers = f"{before >> 10} KiB before, {after >> 10} KiB after, {seconds:.1f} s"
    if "PYASYNC_TEST_NUMBERS" in os.environ:
        print(numbers, flush=True)
    flat = after - before <= LIMIT or "PYASYNC_TEST_SANITIZED" in os.environ
    left = "nothing" if flat else numbers
    record(f"Python: {REQUESTS} requests dropped, and {left} left")
