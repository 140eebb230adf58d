# tests/bridge/channel_examples.py: the Python ends of the channels that the tests make.
# SPDX-License-Identifier: MIT
"""Who sends and receives in Python. A channel has no type that could be imported."""

import asyncio
import gc
import resource
from collections.abc import Callable
from typing import Any

import pyasync

events: list[str] = []


def take_events() -> str:
    taken = ", ".join(events)
    events.clear()
    return taken


async def collect(channel: Any) -> list[Any]:
    return [item async for item in channel]


async def send_all(channel: Any, first: int, last: int) -> int:
    for item in range(first, last + 1):
        await channel.send(item)
    return last - first + 1


async def receive_each(channel: Any) -> str:
    """By hand, up to the end."""
    seen = []
    try:
        while True:
            seen.append(str(await channel.receive()))
    except pyasync.ChannelClosed as error:
        return " ".join(seen) + f" {type(error).__name__}: {error}"


async def outcome(awaitable: Any) -> str:
    try:
        return repr(await awaitable)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def raised_by(call: Callable[..., Any], *arguments: object) -> str:
    try:
        return repr(call(*arguments))
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"


async def without_waiting(channel: Any) -> str:
    """On one with room for two."""
    said = [raised_by(channel.receive_nowait)]
    said += [raised_by(channel.send_nowait, item) for item in (1, 2, 3)]
    said += [f"{channel!r} {len(channel)} {channel.capacity} {channel.closed} {bool(channel)}"]
    said += [repr(await channel.receive())]
    channel.close()
    channel.close()
    said += [repr(channel), raised_by(channel.send_nowait, 4), raised_by(channel.receive_nowait)]
    said += [raised_by(channel.receive_nowait), repr(bool(channel)), await outcome(channel.send(5))]
    return "; ".join(said)


async def mistakes(channel: Any) -> str:
    said = [raised_by(channel.send, "x"), raised_by(channel.send_nowait, None)]
    coroutine = channel.send(1)
    await coroutine
    said += [await outcome(coroutine)]
    return "; ".join(said)


async def by_asyncio(channel: Any) -> list[int]:
    """What asyncio makes of the coroutines, on one with room for none."""
    receiving = [asyncio.create_task(channel.receive()) for _ in range(3)]
    await asyncio.gather(*(channel.send(item) for item in range(3)))
    received = [await task for task in receiving]
    try:
        await asyncio.wait_for(channel.receive(), 0.001)
    except TimeoutError:
        received.append(-1)
    async with asyncio.TaskGroup() as group:
        last = group.create_task(channel.receive())
        group.create_task(channel.send(7))
    return [*received, last.result()]


async def never_awaited(channel: Any) -> str:
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        channel.send(1)
        gc.collect()
    return f"{caught[0].message}, {len(channel)}"


async def cancel_waiting(channel: Any, sends: bool) -> str:
    """Cancels a task that waits in the line; whether anything has become of it shows in the channel."""
    task = asyncio.create_task(channel.send(1) if sends else channel.receive())
    await asyncio.sleep(0)
    task.cancel("enough")
    return await outcome(task)


async def cancel_when_given(channel: Any) -> str:
    """The item has been given to the one that waits, which does not go on any more; then two others come."""
    task = asyncio.create_task(channel.receive())
    await asyncio.sleep(0)
    for item in (1, 2):
        channel.send_nowait(item)
    task.cancel()
    first = await outcome(task)
    return f"{first.rstrip(': ')} {await channel.receive()} {await channel.receive()}"


async def given_but_not_taken(channel: Any, end: str) -> str:
    """The Future of the one that waits is done already, but its coroutine has not gone on, and ends otherwise."""
    waiting = channel.receive()
    future = waiting.send(None)
    channel.send_nowait(1)
    assert len(channel) == 0
    while not future.done():
        await asyncio.sleep(0)
    said = "closed"
    if end == "throw":
        said = raised_by(waiting.throw, KeyError("x"))
    elif end == "close":
        waiting.close()
    elif end == "drop":
        del waiting
    del future
    return f"{said} {channel.receive_nowait()}"


async def dropped_waiting(channel: Any) -> str:
    """A coroutine that stands in the line and is let go of."""
    waiting = channel.receive()
    waiting.send(None)
    del waiting
    gc.collect()
    channel.send_nowait(1)
    given = channel.receive()
    assert await given == 1
    closed = channel.receive()
    closed.send(None)
    channel.send_nowait(2)
    closed.close()
    return repr(await channel.receive())


async def others_have_their_turn(channel: Any) -> bool:
    """Whoever always finds an item lets the event loop's other work have its turn: else this would not end."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while ticks < 10:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    while ticks < 10:
        await channel.send(ticks)
        await channel.receive()
    await ticking
    return True


async def pair(make: Callable[[], Any]) -> bool:
    """One of Python's, there and back."""
    channel = make()
    sending = asyncio.create_task(send_all(channel, 1, 100))
    total = 0
    for _ in range(100):
        total += await channel.receive()
    await sending
    return total == 5050


async def echo(requests: Any, answers: Any) -> None:
    async for request in requests:
        await answers.send(request + 1)
    answers.close()


async def stress(channel: Any, who: int, count: int, cancels: bool, seed: int) -> list[int]:
    """Sends so many; now and then the send is cancelled while it is under way. Those that are known to be sent."""
    import random

    chance = random.Random(seed)
    sent = []
    for i in range(count):
        item = who * count + i
        task = asyncio.ensure_future(channel.send(item))
        if cancels and chance.random() < 0.1:
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            task.cancel()
        try:
            await task
            sent.append(item)
        except asyncio.CancelledError:
            pass
    return sent


async def stress_receive(channel: Any, cancels: bool, seed: int) -> list[int]:
    """Receives up to the end; now and then the receive is cancelled while it is under way."""
    import random

    chance = random.Random(seed)
    received: list[int] = []
    while True:
        task = asyncio.ensure_future(channel.receive())
        if cancels and chance.random() < 0.2:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            task.cancel()
        try:
            received.append(await task)
        except asyncio.CancelledError:
            pass
        except pyasync.ChannelClosed:
            return received


def in_own_loop(channel: Any) -> list[int]:
    """Another event loop, in this thread."""
    return asyncio.run(collect(channel))


def in_own_loop_without_descriptors(channel: Any, number: int) -> int:
    """Send as many, and receive each at once."""

    async def all_of_it() -> int:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        try:
            for item in range(number):
                await channel.send(item)
                assert await channel.receive() == item
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        return number

    return asyncio.run(all_of_it())


async def raises_unicode_error(channel: Any) -> bool:
    try:
        await channel.receive()
    except UnicodeDecodeError:
        return True
    return False


class Given:
    """What is sent as it is."""


given = Given()


async def give(channel: Any) -> None:
    await channel.send(given)


async def is_what_was_given(channel: Any) -> bool:
    return await channel.receive() is given
