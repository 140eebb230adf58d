# tests/semantics/cases/streams_to_python.py: a C++ async generator feeds Python's `async for`.
# SPDX-License-Identifier: MIT
"""One case for each outcome."""

import asyncio
from collections.abc import AsyncGenerator

from cases.case import case
from cases.hosts import REFUSED_IN_CHILD, NewLoop, close, cpp, described, in_forked_child, keep_quiet, kept, record


async def consume(items: AsyncGenerator[int, None]) -> None:
    """Tells every item, and what comes behind them; then nothing more comes."""
    try:
        async for item in items:
            record(f"Python: item {item}")
        record("Python: end")
    except (Exception, asyncio.CancelledError) as error:
        record(f"Python: {described(error)}")
    async for _ in items:
        record("Python: an item behind the end")


@case("""
    Python: item 1
    Python: item 2
    Python: item 3
    Python: end
    """)
async def value() -> None:
    await consume(cpp.count())


@case("""
    Python: item 1
    Python: item 2
    Python: IndexError: no such item
    """)
async def exception() -> None:
    await consume(cpp.count_and_fail())


@case("""
    Python: item 1
    Python: item 2
    Python: CancelledError
    """)
async def cancelled_inside() -> None:
    await consume(cpp.count_and_cancel_itself())


@case("""
    Python: item 1
    Python: item 2
    C++: waits
    Python: cancels
    C++: cleaned up
    Python: CancelledError: enough
    """)
async def cancelled_from_outside() -> None:
    consumer = asyncio.create_task(consume(cpp.count_and_wait()))
    await cpp.happened("C++: waits")
    record("Python: cancels")
    consumer.cancel("enough")
    await consumer


@case("""
    Python: item 1
    Python: lets go
    C++: cleaned up
    """)
async def dropped() -> None:
    async for item in cpp.count_and_clean_up():
        record(f"Python: item {item}")
        break
    record("Python: lets go")
    await cpp.happened("C++: cleaned up")


@case(
    """
    Python: item 1
    Python: item 2
    C++: waits
    Python: closes the loop
    C++: cleaned up
    """,
    by_hand=True,
)
def loop_closed(new_loop: NewLoop) -> None:
    loop = new_loop()
    kept.append(loop.create_task(consume(cpp.count_and_wait())))
    keep_quiet(kept[-1])
    loop.run_until_complete(cpp.happened("C++: waits"))
    close(loop)
    cpp.wait_for("C++: cleaned up")


@case(
    """
    Python: item 1
    Python: item 2
    C++: waits
    Python: ends
    C++: cleaned up
    Python: CancelledError
    """,
    in_module="""
    Python: item 1
    Python: item 2
    C++: waits
    Python: ends
    C++: cleaned up
    """,
    leaves_loop=True,
)
async def runtime_stopping() -> None:
    kept.append(asyncio.create_task(consume(cpp.count_and_wait())))
    keep_quiet(kept[-1])
    await cpp.happened("C++: waits")
    record("Python: ends")


@case(f"""
    Python: item 1
    Python: item 2
    C++: waits
    {REFUSED_IN_CHILD}
    Python: the child has ended with 0
    C++: cleaned up
    Python: CancelledError
    """)
async def forked() -> None:
    consumer = asyncio.create_task(consume(cpp.count_and_wait()))
    await cpp.happened("C++: waits")
    in_forked_child(lambda: anext(cpp.count()))
    consumer.cancel()
    await consumer
