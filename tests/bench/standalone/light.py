# tests/bench/standalone/light.py: asyncio and json.
# SPDX-License-Identifier: MIT
import asyncio
import json


async def main() -> None:
    await asyncio.sleep(0)
    json.dumps([1, 2.5, "three"])
