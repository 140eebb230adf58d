# apps/await_python/oracle.py: the coroutines that the program awaits.
# SPDX-License-Identifier: MIT
"""An oracle, which takes its time."""

import asyncio


async def answer(question: str) -> int:
    """Ponder the question, then return the answer."""
    await asyncio.sleep(0.05)
    return 42 if "everything" in question else len(question)


async def ratio(dividend: int, divisor: int) -> float:
    """Ponder, then divide; by zero that raises."""
    await asyncio.sleep(0.05)
    return dividend / divisor
