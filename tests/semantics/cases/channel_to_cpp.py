# tests/semantics/cases/channel_to_cpp.py: C++ receives from a channel whose other end Python has.
# SPDX-License-Identifier: MIT
"""One case for each outcome."""

import asyncio
from typing import Any

from cases.case import case
from cases.hosts import (
    REFUSED_IN_CHILD,
    NewLoop,
    close,
    cpp,
    described,
    in_forked_child,
    keep_quiet,
    kept,
    observed,
    record,
)


async def send(channel: Any, item: Any) -> None:
    await channel.send(item)


@case("""
    C++: waits
    C++: item 1
    C++: item 2
    C++: item 3
    C++: end
    """)
async def value() -> None:
    numbers = cpp.channel(1)
    receiving = asyncio.create_task(cpp.receive_all(numbers))
    for number in (1, 2, 3):
        await numbers.send(number)
    numbers.close()
    await receiving


@case("""
    Python: TypeError: item for the channel: expected int, got str
    C++: waits
    C++: item 2
    C++: end
    """)
async def exception() -> None:
    numbers = cpp.channel(2)
    await observed(send(numbers, "one"))
    await numbers.send(2)
    numbers.close()
    await cpp.receive_all(numbers)


@case("""
    C++: waits
    C++: item 1
    Python: CancelledError
    C++: item 2
    C++: end
    """)
async def cancelled_inside() -> None:
    numbers = cpp.channel(1)
    receiving = asyncio.create_task(cpp.receive_all(numbers))

    async def send_and_cancel_itself() -> None:
        await numbers.send(1)
        await cpp.happened("C++: item 1")
        raise asyncio.CancelledError

    await observed(send_and_cancel_itself())
    await numbers.send(2)
    numbers.close()
    await receiving


@case("""
    C++: waits
    C++: cancels
    C++: cancelled
    C++: goes on
    C++: item 7
    """)
async def cancelled_from_outside() -> None:
    numbers = cpp.channel(1)
    await cpp.cancel_receiver(numbers)
    await numbers.send(7)
    await cpp.receive(numbers)


@case("""
    C++: waits
    C++: lets go
    C++: cancelled
    C++: item 7
    """)
async def dropped() -> None:
    numbers = cpp.channel(1)
    await cpp.drop_receiver(numbers)
    await cpp.happened("C++: cancelled")
    await numbers.send(7)
    await cpp.receive(numbers)


@case(
    """
    Python: closes the loop
    C++: item 1
    Python: QueueEmpty
    """,
    by_hand=True,
)
def loop_closed(new_loop: NewLoop) -> None:
    numbers = cpp.channel(1)

    async def leave_sender() -> asyncio.Task[None]:
        await numbers.send(1)
        waits = asyncio.create_task(send(numbers, 2))
        await asyncio.sleep(0)
        return waits

    loop = new_loop()
    kept.append(loop.run_until_complete(leave_sender()))
    keep_quiet(kept[-1])
    close(loop)
    cpp.start_receiving(numbers)
    cpp.wait_for("C++: item 1")
    try:
        record(f"Python: {numbers.receive_nowait()}")
    except asyncio.QueueEmpty as error:
        record(f"Python: {described(error)}")


@case(
    """
    C++: waits
    Python: ends
    C++: cancelled
    """,
    leaves_loop=True,
)
async def runtime_stopping() -> None:
    await cpp.leave_receiver(cpp.channel(1))
    record("Python: ends")


@case(f"""
    C++: waits
    {REFUSED_IN_CHILD}
    Python: the child has ended with 0
    C++: item 42
    C++: end
    """)
async def forked() -> None:
    numbers = cpp.channel(1)
    await cpp.leave_receiver(numbers)
    in_forked_child(lambda: send(numbers, 1))
    await numbers.send(42)
    numbers.close()
    await cpp.happened("C++: end")
