# apps/streams/weather.py: where the readings come from, and where what C++ makes of them goes.
# SPDX-License-Identifier: MIT
"""A thermometer, and a report."""

import asyncio
from collections.abc import AsyncIterator

put_away = asyncio.Event()


async def until_put_away() -> None:
    """C++ lets go of a stream without waiting; this is for who wants to."""
    await put_away.wait()


async def readings() -> AsyncIterator[float]:
    """What the thermometer says, for as long as anybody wants to know."""
    degrees = 18.0
    try:
        while True:
            await asyncio.sleep(0.01)
            yield degrees
            degrees += 0.5
    finally:
        print("the thermometer is put away", flush=True)
        put_away.set()


async def report(means: AsyncIterator[float]) -> None:
    """Print what C++ has made of the readings."""
    async for mean in means:
        print(f"mean of three readings: {mean:.2f} degrees")


async def total(numbers: AsyncIterator[int]) -> int:
    """Add up what C++ counts."""
    return sum([number async for number in numbers])
