# tests/bridge/process_examples.py: Python's subprocesses and signal handlers, beside those of C++.
# SPDX-License-Identifier: MIT
"""What asyncio does with processes while C++ does the same."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE

handled: list[int] = []


async def communicate(number: int) -> int:
    """Give `number` processes a line each, and return how many have sent it back and ended well."""

    async def one(line: bytes) -> bool:
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        out, _ = await process.communicate(line)
        return out == line and process.returncode == 0

    return sum([await one(str(i).encode()) for i in range(number)])


async def killed() -> int | None:
    """Return what a process is said to have ended with that gets a signal."""
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=DEVNULL)
    process.terminate()
    return await process.wait()


def handle(number: int) -> None:
    """Put a handler of Python's on a signal."""
    handled.clear()
    signal.signal(number, lambda number, _: handled.append(number))


def has_handler(number: int) -> bool:
    """Is it still there?"""
    return callable(signal.getsignal(number))


def times_handled() -> int:
    """How often a handler of Python's has been called."""
    return len(handled)


def do_not_handle(number: int) -> None:
    """Take it away again."""
    signal.signal(number, signal.SIG_DFL)
