# tests/bench/standalone/w.py: what the start of a larger application imports; also the program that others run.
# SPDX-License-Identifier: MIT
import asyncio
import json
import sqlite3
import ssl
import sys
import time

USED = (json, sqlite3, ssl)


async def main() -> None:
    await asyncio.sleep(0)


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


async def compute() -> None:
    """Prints the processor time of a computation in plain Python, in seconds."""
    before = time.process_time()
    fibonacci(27)
    print(time.process_time() - before)


if __name__ == "__main__":
    asyncio.run(compute() if sys.argv[1:] else main())
