# tests/docs/example.py: the Python snippets of the documentation, and what its C++ snippets call.
# SPDX-License-Identifier: MIT
"""A module next to the program."""

import asyncio
from collections.abc import Awaitable, Callable


async def fetch(url: str, retries: int) -> str:
    await asyncio.sleep(0)
    return f"{url} {retries}"


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def sum_of_squares(square: Callable[[int], Awaitable[int]]) -> int:
    results = await asyncio.gather(*[square(n) for n in range(1000)])
    return sum(results)
