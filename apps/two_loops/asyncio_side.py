# apps/two_loops/asyncio_side.py: asyncio's part of the show: it ticks, and is blocked for a while.
# SPDX-License-Identifier: MIT
"""Ticks on asyncio's timers, and for a while computes instead."""

import asyncio
import time
from collections.abc import Callable


async def tick(ticked: Callable[[float], asyncio.Future[None]], period: float, length: float) -> None:
    """Tick every `period` seconds for `length` seconds; tell C++ how late each tick comes."""
    loop = asyncio.get_running_loop()
    due = loop.time() + period
    end = loop.time() + length
    while loop.time() < end:
        await asyncio.sleep(due - loop.time())
        now = loop.time()
        await ticked(now - due)
        due = now + period


async def block(blocked: Callable[[bool], asyncio.Future[None]], after: float, length: float) -> None:
    """Do what no coroutine should: keep the event loop, and the GIL, from everybody else."""
    await asyncio.sleep(after)
    # A C++ task starts when it is called. To await the first one here would let asyncio tick once more.
    begun = blocked(True)
    end = time.monotonic() + length
    while time.monotonic() < end:
        pass
    await asyncio.gather(begun, blocked(False))


async def run(
    ticked: Callable[[float], asyncio.Future[None]],
    blocked: Callable[[bool], asyncio.Future[None]],
    *,
    period: float,
    length: float,
    block_after: float,
    block_length: float,
) -> None:
    """Run both until they end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(tick(ticked, period, length))
        group.create_task(block(blocked, block_after, block_length))
