# apps/native_uvloop/demo.py: the same C++ on uvloop, on asyncio's own loop, and on uvloop again.
# SPDX-License-Identifier: MIT
"""Runs a C++ coroutine on event loops of two kinds in one process."""

import asyncio

import native_uvloop
import uvloop


async def main() -> None:
    names = await asyncio.gather(*(native_uvloop.sleep_on_both(0.01) for _ in range(100)))
    print(f"{len(names)} times on {set(names)}")


for new_event_loop in (uvloop.new_event_loop, asyncio.new_event_loop, uvloop.new_event_loop):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
