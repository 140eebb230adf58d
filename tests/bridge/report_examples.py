# tests/bridge/report_examples.py: Python code that waits in every way, for the tests of what is told of that.
# SPDX-License-Identifier: MIT
"""Coroutines that wait until they are released, and functions that C++ calls meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

waiting = 0
released: asyncio.Future[None] | None = None


def reset() -> None:
    global waiting, released
    waiting = 0
    released = asyncio.get_running_loop().create_future()


def release() -> None:
    global released
    assert released is not None
    released.set_result(None)
    released = None


async def until_waiting(count: int) -> None:
    while waiting < count:
        await asyncio.sleep(0)


async def by_itself() -> None:
    global waiting
    waiting += 1
    assert released is not None
    await released


async def by_gather() -> None:
    await asyncio.gather(by_itself(), by_itself())


async def by_group() -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(by_itself())


async def by_wait() -> None:
    await asyncio.wait([asyncio.create_task(by_itself()), asyncio.create_task(by_itself())])


async def by_shield() -> None:
    await asyncio.shield(by_itself())


async def by_task() -> None:
    await asyncio.create_task(by_itself())


async def items() -> AsyncIterator[int]:
    await by_itself()
    yield 1


async def by_generator() -> None:
    async for _ in items():
        pass


def gathered() -> asyncio.Future[list[None]]:
    """No coroutine, but a Future that stands for several."""
    return asyncio.gather(by_itself(), by_itself())


async def tasks_seen_elsewhere() -> int:
    """As many as another thread sees."""
    return len(await asyncio.to_thread(asyncio.all_tasks, asyncio.get_running_loop()))


async def tell_of_cancellation() -> None:
    """Cleans up for as long as it takes."""
    global waiting
    waiting += 1
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        await by_itself()


async def await_it(start: Callable[[], Awaitable[object]]) -> None:
    await await_inside(start)


async def await_inside(start: Callable[[], Awaitable[object]]) -> None:
    await start()


async def await_several(start: Callable[[], Awaitable[object]], count: int) -> None:
    await asyncio.gather(*[start() for _ in range(count)])


async def take_one(items: AsyncIterator[int]) -> None:
    async for _ in items:
        break


def run_elsewhere(start: Callable[[], Awaitable[object]]) -> None:
    asyncio.run(await_it(start))


def compute_until(told: Callable[[], bool]) -> None:
    while not told():
        pass
