# apps/standalone_hello/greeting/__init__.py: the application's Python, with a file beside it.
# SPDX-License-Identifier: MIT
import asyncio
import importlib.resources
import json


async def greet(whom: str) -> str:
    await asyncio.sleep(0.01)
    words = json.loads(importlib.resources.files(__name__).joinpath("words.json").read_text())
    return f"{words['greeting']}, {whom}!"
