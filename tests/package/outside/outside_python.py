# tests/package/outside/outside_python.py: the application's Python.
# SPDX-License-Identifier: MIT
"""A module next to the program."""

import asyncio
import sys


async def answer() -> str:
    await asyncio.sleep(0)
    return "Python has answered"


def prefix() -> str:
    return sys.prefix
