# people.py: the Python of @name@.
"""Whom to greet."""

import asyncio


async def whom_to_greet() -> str:
    """Think about it, and name somebody."""
    await asyncio.sleep(0.01)
    return "@name@"
