# tests/semantics/cases/peers.py: what goes wrong in other bridges between languages, and must not here.
# SPDX-License-Identifier: MIT
"""One case for each of their defects."""

import asyncio
import gc
from collections.abc import AsyncIterator

from cases.case import case
from cases.cpp_awaits_python import CLOSED, WAIT
from cases.hosts import NewLoop, close, cpp, kept, observed, record


@case("""
    Python: CppError: std::runtime_error: the disk is full
    Python: CppError: an exception of type int
    """)
async def message_lost() -> None:
    await observed(cpp.fail_with_message())
    await observed(cpp.throw_what_is_no_exception())


@case("""
    Python: items [1, 2]
    Python: IndexError: no such item
    C++: item 1
    C++: ValueError: broken
    Python: ValueError: broken
    """)
async def exception_of_generator_lost() -> None:
    items: list[int] = []

    async def collect() -> None:
        async for item in cpp.count_ahead_and_fail():
            items.append(item)

    try:
        await collect()
    except IndexError as error:
        record(f"Python: items {items}")
        record(f"Python: IndexError: {error}")

    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ValueError("broken")

    await observed(cpp.consume(broken()))


@case("""
    Python: TypeError: object int can't be used in 'await' expression: 1
    Python: TypeError: 'async for' requires an object with __aiter__ method, got list
    """)
async def non_awaitable_hangs() -> None:
    record(f"Python: {cpp.await_what(1)}")
    await observed(cpp.consume([1, 2]))


@case(
    f"""
    C++: waits
    Python: waits
    Python: closes the loop
    Python: closed
    {CLOSED}
    Python: loop closed
    C++: completes
    Python: CancelledError
    """,
    by_hand=True,
)
def completion_after_loop_closed(new_loop: NewLoop) -> None:
    """It completes in C++ when nobody is there to be told, and when its Future is there still."""

    async def leave() -> asyncio.Future[int]:
        future = cpp.hot_complete_late()
        await cpp.happened("C++: waits")
        await cpp.leave_call(WAIT)
        return future

    loop = new_loop()
    future = loop.run_until_complete(leave())
    close(loop)
    cpp.wait_for(CLOSED)
    record("Python: loop closed")
    cpp.wait_for("C++: completes")
    gc.collect()
    try:
        future.result()
    except asyncio.CancelledError:
        record("Python: CancelledError")


@case("""
    C++: works
    Python: cancels
    C++: unwound
    Python: CancelledError
    """)
async def work_goes_on_after_cancel() -> None:
    task = asyncio.create_task(cpp.work())
    await cpp.happened("C++: works")
    record("Python: cancels")
    task.cancel()
    await observed(task)


@case("""
    Python: ends
    """)
async def abort_at_exit() -> None:
    for _ in range(3):
        cpp.start_foreign_thread()
    kept.append(cpp)
    record("Python: ends")
