# tests/semantics/cases/channel_to_python.py: Python receives from a channel whose other end C++ has.
# SPDX-License-Identifier: MIT
"""One case for each outcome."""

import asyncio
from typing import Any

from cases.case import case
from cases.hosts import REFUSED_IN_CHILD, NewLoop, close, cpp, in_forked_child, keep_quiet, kept, observed, record


async def receive(channel: Any) -> None:
    """Tells the next item, or what comes instead of it."""
    record("Python: waits")
    await observed(channel.receive())


async def waiting_at(channel: Any) -> asyncio.Task[None]:
    """Who waits there by now."""
    waits = asyncio.create_task(receive(channel))
    await asyncio.sleep(0)
    return waits


@case("""
    Python: item 1
    Python: item 2
    Python: item 3
    Python: end
    """)
async def value() -> None:
    numbers = cpp.channel(1)
    sending = asyncio.create_task(cpp.send_and_close(numbers))
    async for number in numbers:
        record(f"Python: item {number}")
    record("Python: end")
    await sending


@case("""
    Python: 1
    Python: 2
    Python: 3
    Python: ChannelClosed: the channel is closed
    """)
async def exception() -> None:
    numbers = cpp.channel(3)
    await cpp.send_and_close(numbers)
    for _ in range(4):
        await observed(numbers.receive())


@case("""
    Python: CancelledError
    Python: 1
    Python: waits
    Python: 2
    """)
async def cancelled_inside() -> None:
    numbers = cpp.channel(1)
    await observed(cpp.send_and_cancel_itself(numbers))
    await observed(numbers.receive())
    waits = await waiting_at(numbers)
    await cpp.send(numbers, 2)
    await waits


@case("""
    Python: waits
    Python: cancels
    Python: CancelledError: enough
    Python: 7
    """)
async def cancelled_from_outside() -> None:
    numbers = cpp.channel(1)
    waits = await waiting_at(numbers)
    record("Python: cancels")
    waits.cancel("enough")
    await waits
    await cpp.send(numbers, 7)
    await observed(numbers.receive())


@case("""
    Python: lets go
    Python: 7
    """)
async def dropped() -> None:
    numbers = cpp.channel(1)
    waits = numbers.receive()
    waits.send(None)
    record("Python: lets go")
    del waits
    await cpp.send(numbers, 7)
    await observed(numbers.receive())


@case(
    """
    Python: waits
    Python: closes the loop
    C++: item 7
    """,
    by_hand=True,
)
def loop_closed(new_loop: NewLoop) -> None:
    numbers = cpp.channel(1)
    loop = new_loop()
    kept.append(loop.run_until_complete(waiting_at(numbers)))
    keep_quiet(kept[-1])
    close(loop)
    numbers.send_nowait(7)
    cpp.start_receiving(numbers)
    cpp.wait_for("C++: item 7")


@case(
    """
    Python: waits
    Python: ends
    Python: CancelledError
    """,
    in_module="""
    Python: waits
    Python: ends
    """,
    leaves_loop=True,
)
async def runtime_stopping() -> None:
    kept.append(await waiting_at(cpp.channel(1)))
    keep_quiet(kept[-1])
    record("Python: ends")


@case(f"""
    Python: waits
    {REFUSED_IN_CHILD}
    Python: the child has ended with 0
    Python: 42
    """)
async def forked() -> None:
    numbers = cpp.channel(1)
    waits = await waiting_at(numbers)
    await cpp.happened("Python: waits")  # so C++ has begun: a child forked before that has its own
    in_forked_child(numbers.receive)
    await cpp.send(numbers, 42)
    await waits
