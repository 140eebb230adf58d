# tests/docs/example.py: the Python snippets of the documentation, and what its C++ snippets call.
# SPDX-License-Identifier: MIT
"""A module next to the program."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable


async def fetch(url: str, retries: int) -> str:
    await asyncio.sleep(0)
    return f"{url} {retries}"


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def ticks() -> AsyncIterator[int]:
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def total(numbers: AsyncIterator[int]) -> int:
    return sum([n async for n in numbers])


async def sum_of_squares(square: Callable[[int], Awaitable[int]]) -> int:
    results = await asyncio.gather(*[square(n) for n in range(1000)])
    return sum(results)
