# tests/bridge/fairness_examples.py: what asyncio has to do while C++ floods it.
# SPDX-License-Identifier: MIT
"""Each of these ends by itself, if asyncio has its turns."""

import asyncio
import socket
import time
from collections.abc import Callable


async def nothing() -> None:
    pass


async def callbacks(number: int) -> None:
    """One after another, by `call_soon`."""
    loop = asyncio.get_running_loop()
    for _ in range(number):
        called = loop.create_future()
        loop.call_soon(called.set_result, None)
        await called


async def timers(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0.0001)


async def sockets(number: int) -> None:
    """A byte at a time, for which the other end waits already."""
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        there.setblocking(False)
        for _ in range(number):
            received = asyncio.ensure_future(loop.sock_recv(there, 1))
            await asyncio.sleep(0)
            await loop.sock_sendall(here, b"x")
            assert await received == b"x"


turn = 0
stopped = False


def count_turns() -> None:
    """A chain of callbacks, which has one link in each turn of the loop, until `stop_counting`."""
    global stopped
    stopped = False
    loop = asyncio.get_running_loop()

    def next_turn() -> None:
        global turn
        turn += 1
        if not stopped:
            loop.call_soon(next_turn)

    next_turn()


def stop_counting() -> None:
    global stopped
    stopped = True


def take_a_millisecond() -> int:
    """The turn of the loop in which this was called."""
    end = time.perf_counter() + 0.001
    while time.perf_counter() < end:
        pass
    return turn


def take_turns(stop: Callable[[], None]) -> None:
    """In a thread: gives the GIL up and wants it back, again and again."""
    for _ in range(10):
        time.sleep(0)
    stop()
