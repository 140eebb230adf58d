# tests/semantics/cases/streams_to_cpp.py: a Python async iterable feeds a C++ stream, by `into_stream`.
# SPDX-License-Identifier: MIT
"""One case for each outcome."""

import asyncio
from collections.abc import AsyncIterator

from cases.case import case
from cases.cpp_awaits_python import CLOSED
from cases.hosts import REFUSED_IN_CHILD, NewLoop, close, cpp, described, in_forked_child, record, wait_and_clean_up

# ---- What C++ iterates over. ----


async def numbers() -> AsyncIterator[int]:
    for number in (1, 2):
        await asyncio.sleep(0)
        yield number


async def numbers_before(error: BaseException) -> AsyncIterator[int]:
    async for number in numbers():
        yield number
    raise error


async def numbers_and_wait() -> AsyncIterator[int]:
    yield 1
    await wait_and_clean_up()


async def numbers_and_clean_up() -> AsyncIterator[int]:
    try:
        async for number in numbers():
            yield number
    finally:
        await asyncio.sleep(0)
        record("Python: cleaned up")


async def number_when_released() -> AsyncIterator[int]:
    record("Python: waits")
    await released.wait()
    yield 42


released = asyncio.Event()


# ---- The cases. ----


@case("""
    C++: item 1
    C++: item 2
    C++: end
    """)
async def value() -> None:
    await cpp.consume(numbers())


@case("""
    C++: item 1
    C++: item 2
    C++: ValueError: broken
    Python: the same exception: True
    """)
async def exception() -> None:
    broken = ValueError("broken")
    try:
        await cpp.consume(numbers_before(broken))
    except ValueError as error:
        record(f"Python: the same exception: {error is broken}")


@case("""
    C++: item 1
    C++: item 2
    C++: cancelled
    Python: CancelledError
    """)
async def cancelled_inside() -> None:
    try:
        await cpp.consume(numbers_before(asyncio.CancelledError()))
    except asyncio.CancelledError as error:
        record(f"Python: {described(error)}")


@case("""
    C++: item 1
    Python: waits
    C++: cancels
    Python: cancelled
    Python: cleaned up
    C++: cancelled
    C++: goes on
    """)
async def cancelled_from_outside() -> None:
    await cpp.cancel_consumer(numbers_and_wait())


@case("""
    C++: item 1
    C++: lets go
    Python: cleaned up
    """)
async def dropped() -> None:
    await cpp.drop_stream(numbers_and_clean_up())
    await cpp.happened("Python: cleaned up")


@case(
    f"""
    C++: item 1
    Python: waits
    Python: closes the loop
    {CLOSED}
    """,
    by_hand=True,
)
def loop_closed(new_loop: NewLoop) -> None:
    loop = new_loop()
    loop.run_until_complete(cpp.leave_consumer(numbers_and_wait()))
    close(loop)
    cpp.wait_for(CLOSED)


@case(
    """
    C++: item 1
    Python: waits
    Python: ends
    Python: cancelled
    Python: cleaned up
    C++: cancelled
    """,
    in_module=f"""
    C++: item 1
    Python: waits
    Python: ends
    {CLOSED}
    """,
    leaves_loop=True,
)
async def runtime_stopping() -> None:
    await cpp.leave_consumer(numbers_and_wait())
    record("Python: ends")


@case(f"""
    Python: waits
    {REFUSED_IN_CHILD}
    Python: the child has ended with 0
    C++: item 42
    C++: end
    """)
async def forked() -> None:
    await cpp.leave_consumer(number_when_released())
    in_forked_child(lambda: cpp.consume(numbers()))
    released.set()
    await cpp.happened("C++: end")
