# apps/filewatch/report.py: tells of what C++ sees in a directory.
# SPDX-License-Identifier: MIT
"""A report of changes."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

told: asyncio.Queue[Path] = asyncio.Queue()


async def tell(changes: AsyncIterator[tuple[Path, str]]) -> None:
    """Print every change, until there is nothing to watch any more."""
    async for name, what in changes:
        shown = os.fsencode(name).decode(errors="backslashreplace")  # stdout takes UTF-8 only
        print(f"{shown} {what}", flush=True)
        told.put_nowait(name)
    print("there is nothing to watch any more", flush=True)


async def until_told() -> Path:
    """Wait for the next one that has been told of."""
    return await told.get()
