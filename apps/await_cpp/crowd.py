# apps/await_cpp/crowd.py: the Python side, which awaits C++ futures, one and many.
# SPDX-License-Identifier: MIT
"""Awaits what C++ has handed over, as if it were asyncio's own."""

import asyncio
import time
from collections.abc import Callable

COUNT = 1000


async def run(root: Callable[[float], asyncio.Future[float]], metronome: asyncio.Future[int]) -> None:
    """Await a C++ function's futures; stop the C++ metronome at the end."""
    print(f"one: the root of 2 is {await root(2):.4f}")

    # A C++ task starts when it is called, so all of them wait for their timers at the same time.
    started = time.perf_counter()
    roots = await asyncio.gather(*(root(n) for n in range(COUNT)))
    took = time.perf_counter() - started
    print(f"gather: {COUNT} roots add up to {sum(roots):.2f}, {COUNT * 0.1:.0f} s of waiting took {took:.2f} s")

    print("an exception among them:", await asyncio.gather(root(9), root(-1), return_exceptions=True))

    # The metronome takes its cancellation as the sign to stop counting, and returns.
    metronome.cancel()
    print(f"meanwhile a libuv timer has ticked {await metronome} times")
