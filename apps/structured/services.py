# apps/structured/services.py: what the program asks, and who hears of what has failed.
# SPDX-License-Identifier: MIT
"""Services that take their time."""

import asyncio
from collections.abc import Awaitable


async def ask(service: str, seconds: float) -> str:
    """Answer after that time; where nobody wants the answer any more, put things in order first."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.sleep(0.01)
        print(f"    {service} has been told to stop, and has tidied up")
        raise
    return f"the answer of the {service}"


async def report(search: Awaitable[None]) -> None:
    """Await C++, and tell its failures apart."""
    try:
        await search
    except* ConnectionError as failed:
        print(f"except* ConnectionError: {failed.exceptions}")
    except* IndexError as failed:
        print(f"except* IndexError: {failed.exceptions}")
