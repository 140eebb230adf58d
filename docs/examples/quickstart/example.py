# docs/examples/quickstart/example.py: what the application of the quick start awaits.
# SPDX-License-Identifier: MIT
import asyncio


async def greet(name: str) -> str:
    await asyncio.sleep(0.1)
    return f"Good morning, {name}"
