# tests/semantics/cases/stopping.py: processes that end with work in flight on both sides.
# SPDX-License-Identifier: MIT
"""One case for each way to end, then those where something does not end."""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator

from cases.case import READY, case
from cases.hosts import IN_APPLICATION, NewLoop, cpp, keep_quiet, kept, record

NUMBER = 20


# ---- What is in flight: some of every kind, none of which ends by itself. ----


async def wait() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        raise


async def iterate(items: AsyncIterator[int]) -> None:
    async for _ in items:
        await asyncio.sleep(0)


async def numbers() -> AsyncIterator[int]:
    while True:
        await asyncio.sleep(0)
        yield 1


async def start_work() -> None:
    kept.extend(cpp.hot_wait_quietly() for _ in range(NUMBER))
    kept.extend(asyncio.create_task(cpp.wait_quietly()) for _ in range(NUMBER))
    kept.extend(asyncio.create_task(wait()) for _ in range(NUMBER))
    kept.append(asyncio.create_task(iterate(cpp.count_for_ever())))
    kept.append(asyncio.create_task(cpp.consume_quietly(numbers())))
    cpp.leave_many(NUMBER, f"{__name__}:{wait.__name__}")
    await asyncio.sleep(0)


# ---- Ways to end. ----


@case("""
    Python: ends
    """)
async def normal_end() -> None:
    await start_work()
    record("Python: ends")


@case(
    READY,
    signal=signal.SIGINT,
    code={"application": 130, "module": -signal.SIGINT},
    stderr={"application": "", "module": r"Traceback .*\nKeyboardInterrupt\n"},
)
async def ctrl_c() -> None:
    await start_work()
    record(READY)
    await wait()


@case(READY, signal=signal.SIGTERM, code=128 + signal.SIGTERM)
async def sigterm() -> None:
    """The module's host does what servers do."""
    task = asyncio.current_task()
    assert task is not None
    if not IN_APPLICATION:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await start_work()
    record(READY)
    try:
        await wait()
    except asyncio.CancelledError:
        if not IN_APPLICATION:
            sys.exit(128 + signal.SIGTERM)
        raise


async def leave() -> None:
    await asyncio.sleep(0)
    sys.exit(5)


@case(
    """
    C++: SystemExit: 5
    """,
    code=5,
)
async def sys_exit() -> None:
    await start_work()
    await cpp.await_python(f"{__name__}:{leave.__name__}")


@case("", code=5)
async def sys_exit_in_detached_task() -> None:
    await start_work()
    await cpp.leave_to_call_python(f"{__name__}:{leave.__name__}")
    await wait()


@case("""
    Python: ends
    """)
async def daemon_threads() -> None:
    """They call Python by C++, give C++ what gives the GIL up when it dies, and await C++ on loops of their own, as fast
    as they can."""

    class Lingers:
        def __del__(self) -> None:
            time.sleep(0)

    def call() -> None:
        while True:
            cpp.call_back(lambda: sum(range(100)))

    def drop() -> None:
        while True:
            cpp.call_and_drop(Lingers)

    async def awaits() -> None:
        while True:
            await cpp.answer()
            async for _ in cpp.count():
                await cpp.call_python("cases.cpp_awaits_python:answer")

    def run_awaits() -> None:
        try:
            asyncio.run(awaits())
        except (RuntimeError, asyncio.CancelledError):  # C++ has stopped
            pass

    for target in (call, call, drop, run_awaits):
        threading.Thread(target=target, daemon=True).start()
    await start_work()
    record("Python: ends")


@case("""
    Python: ends
    """)
async def threads_in_with_gil() -> None:
    for _ in range(3):
        cpp.start_foreign_thread()
    await start_work()
    record("Python: ends")


@case("""
    C++: job
    Python: ends
    """)
async def executor_jobs() -> None:
    """One on libuv's pool, and one on Python's."""
    await start_work()
    cpp.start_job()
    await cpp.happened("C++: job")
    kept.append(asyncio.get_running_loop().run_in_executor(None, cpp.wait_for, "Python: ends"))
    record("Python: ends")


@case(
    """
    Python: ends
    """,
    by_hand=True,
)
def loop_left_open(new_loop: NewLoop) -> None:
    loop = new_loop()
    kept.append(loop)
    loop.run_until_complete(start_work())
    for each in kept:
        if isinstance(each, asyncio.Task):
            keep_quiet(each)
    record("Python: ends")


# ---- What does not end is named when the bound is hit; the exit code stays. ----

NEVER_ENDS = r"  a C\+\+ task (or function )?started at \S*cpp_side\.cpp:\d+ in [^\n]*\n"
NOT_ENDED = {
    "application": r"pyasync: not ended after 50 ms, and left behind:\n",
    "module": r"pyasync: not ended after 5 s, and left behind:\n",
}


def after_not_ended(pattern: str) -> dict[str, str]:
    return {host: first + pattern for host, first in NOT_ENDED.items()}


@case(
    """
    Python: ends
    """,
    limit=50,
    code=7,
    stderr=after_not_ended(NEVER_ENDS),
)
async def task_that_never_ends() -> None:
    cpp.leave_what_never_ends()
    record("Python: ends")
    sys.exit(7)


@case(
    """
    Python: ends
    """,
    limit=50,
    code=7,
    stderr=after_not_ended(r"  a thread that holds or waits for the GIL\n"),
)
async def thread_that_never_leaves() -> None:
    inside = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stay() -> None:
        loop.call_soon_threadsafe(inside.set)
        threading.Event().wait()

    cpp.call_in_foreign_thread(stay)
    await inside.wait()
    record("Python: ends")
    sys.exit(7)
