# apps/filewatch/report.py: tells of what C++ sees in a directory.
# SPDX-License-Identifier: MIT
"""A report of changes."""

import asyncio
from collections.abc import AsyncIterator

told: asyncio.Queue[str] = asyncio.Queue()


async def tell(changes: AsyncIterator[tuple[str, str]]) -> None:
    """Print every change, until there is nothing to watch any more."""
    async for name, what in changes:
        print(f"{name} {what}", flush=True)
        told.put_nowait(name)
    print("there is nothing to watch any more", flush=True)


async def until_told() -> str:
    """Wait for the next one that has been told of."""
    return await told.get()
