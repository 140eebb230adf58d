# apps/tested/shop.py: the Python side: prices that take a while.
# SPDX-License-Identifier: MIT
"""A shop."""

import asyncio

PRICES = {"tea": 3, "cake": 4, "honey": 9}


async def price(item: str) -> int:
    """What it costs; a KeyError for what is not sold here."""
    await asyncio.sleep(0.01)
    return PRICES[item]
