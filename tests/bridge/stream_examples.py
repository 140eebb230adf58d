# tests/bridge/stream_examples.py: the async iterables that the tests of streams step, and their consumers.
# SPDX-License-Identifier: MIT
"""Async generators and iterators, and what consumes those of C++."""

import asyncio
import contextvars
import gc
import traceback
from collections.abc import AsyncGenerator, AsyncIterator
from types import AsyncGeneratorType

events: list[str] = []
tag: contextvars.ContextVar[str] = contextvars.ContextVar("tag", default="none")


def take_events() -> str:
    taken = ", ".join(events)
    events.clear()
    return taken


def generators(name: str) -> int:
    """How many there are."""
    gc.collect()
    return sum(isinstance(each, AsyncGeneratorType) and each.__name__ == name for each in gc.get_objects())


def step_what_is_left(loop: asyncio.AbstractEventLoop) -> str:
    """As a curious user may."""
    for task in asyncio.all_tasks(loop):
        coroutine = task.get_coro()
        assert coroutine is not None
        try:
            coroutine.send(None)
        except StopIteration:
            events.append(repr(coroutine))
    return take_events()


class ClosedInTime:
    """Records that it is closed, and that its loop has closed its generators."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        close_generators = loop.shutdown_asyncgens

        async def close_and_record() -> None:
            events.append("generators closed")
            await close_generators()

        loop.shutdown_asyncgens = close_and_record  # type: ignore[method-assign]

    def __aiter__(self) -> "ClosedInTime":
        return self

    async def __anext__(self) -> int:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        events.append("closed")


async def until_event(name: str) -> None:
    while name not in events:
        await asyncio.sleep(0)


async def count(last: int) -> AsyncIterator[int]:
    for number in range(1, last + 1):
        yield number


async def count_slowly(last: int) -> AsyncIterator[int]:
    for number in range(1, last + 1):
        await asyncio.sleep(0.0001 if number % 5 == 0 else 0)
        yield number


async def count_and_record(last: int) -> AsyncIterator[int]:
    try:
        for number in range(1, last + 1):
            events.append(str(number))
            yield number
    except BaseException as error:
        events.append(type(error).__name__)
        await asyncio.sleep(0)
        raise
    finally:
        events.append("closed")


async def fail_after(last: int, *, later: bool = False) -> AsyncIterator[int]:
    for number in range(1, last + 1):
        yield number
    if later:
        await asyncio.sleep(0)
    raise ValueError("no more")


async def of_kinds() -> AsyncIterator[object]:
    try:
        yield 1
        yield "two"
        yield 3
    finally:
        await asyncio.sleep(0)
        events.append("closed")


async def wait_after(last: int, *, swallow: bool = False) -> AsyncIterator[int]:
    try:
        for number in range(1, last + 1):
            yield number
        events.append("waiting")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.append("cancelled")
            await asyncio.sleep(0)
            if not swallow:
                raise
        yield -1
    finally:
        events.append("ended")


async def fail_while_closing() -> AsyncIterator[int]:
    try:
        yield 1
        yield 2
    finally:
        raise KeyError("while closing")


async def whose_task(last: int) -> AsyncIterator[bool]:
    first = asyncio.current_task()
    assert isinstance(first, asyncio.Task)
    for number in range(last):
        if number % 10 == 9:
            await asyncio.sleep(0)
        yield asyncio.current_task() is first


async def within_timeout(last: int) -> AsyncIterator[int]:
    """The timeout spans many items; it expires in the wait behind them."""
    try:
        async with asyncio.timeout(0.01):
            for number in range(1, last + 1):
                yield number
            await asyncio.Event().wait()
    except TimeoutError:
        yield 0


async def idle_timeout() -> AsyncIterator[str]:
    """The timeout expires while nobody wants an item."""
    try:
        async with asyncio.timeout(0.001):
            yield "first"
            yield "second"
            yield "third"
    except TimeoutError:
        events.append("timed out")
        yield "late"


async def forever() -> AsyncIterator[int]:
    while True:
        yield 1


async def wait_quietly() -> AsyncIterator[int]:
    yield 1
    await asyncio.Event().wait()


async def idle_timeouts() -> AsyncIterator[int]:
    """Expires again and again while nobody wants an item."""
    for number in range(1, 6):
        try:
            async with asyncio.timeout(0.001):
                yield number
                yield 10 * number
        except TimeoutError:
            events.append(f"timed out {number}")


class Numbers:
    """An iterator that is no generator: a cancelled step is not its end."""

    def __init__(self) -> None:
        self.number = 0

    def __aiter__(self) -> "Numbers":
        return self

    async def __anext__(self) -> int:
        self.number += 1
        if self.number == 2:
            events.append("waiting")
            await asyncio.Event().wait()
        if self.number == 4:
            raise StopAsyncIteration
        return self.number


class Futures:
    """Gives what is not a coroutine to await."""

    def __aiter__(self) -> "Futures":
        return self

    def __anext__(self) -> asyncio.Future:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: future.done() or future.set_result(7))
        return future


class NotAwaitable:
    def __aiter__(self) -> "NotAwaitable":
        return self

    def __anext__(self) -> int:
        return 7


class NoIterator:
    def __aiter__(self) -> int:
        return 7


async def tags() -> AsyncIterator[str]:
    for _ in range(3):
        yield tag.get()
        await asyncio.sleep(0)


async def set_tag(value: str) -> None:
    tag.set(value)


async def reported(function) -> str:
    """What the loop reports while `function` runs."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future = loop.create_future()
    loop.set_exception_handler(lambda _, details: told.done() or told.set_result(details))
    await function()
    details = await told
    loop.set_exception_handler(None)
    return f"{details['message']}: {details['exception']!r}"


def install_factory() -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, coroutine, **more: asyncio.Task(coroutine, loop=loop, **more))


# ---- Consumers of C++ generators. ----


async def collect(function) -> list:
    return [item async for item in function()]


async def items_of(function, *arguments) -> list:
    return [item async for item in function(*arguments)]


async def collect_all(generator) -> list:
    return [item async for item in generator]


async def take_one(generator) -> object:
    return await anext(generator)


async def take_one_and_close(generator) -> None:
    await anext(generator)
    await generator.aclose()


async def outcome(function) -> str:
    """The items, then how it ended."""
    seen = []
    try:
        async for item in function():
            seen.append(str(item))
        seen.append("end")
    except BaseException as error:
        seen.append(f"{type(error).__name__}: {error}")
    return " ".join(seen)


async def traceback_of(function) -> str:
    try:
        async for _ in function():
            pass
    except Exception:
        return traceback.format_exc()
    return ""


async def describe(function) -> str:
    generator = function()
    return f"{isinstance(generator, AsyncGenerator)} {aiter(generator) is generator} {generator.ag_running}"


async def protocol(function) -> str:
    """The steps one by one: anext, asend, the end, and after it."""
    generator = function()
    seen = [await anext(generator), await generator.asend(None), await anext(generator)]
    for _ in range(2):
        try:
            await anext(generator)
        except StopAsyncIteration:
            seen.append("stop")
    seen.append(await generator.aclose())
    try:
        generator.asend(1)
    except TypeError as error:
        seen.append(error)
    step = generator.__anext__()
    for _ in range(2):
        try:
            await step
        except (StopAsyncIteration, RuntimeError) as error:
            seen.append(f"{type(error).__name__} {error}")
    return " ".join(map(str, seen))


async def concurrent(function) -> str:
    generator = function()
    first = asyncio.ensure_future(anext(generator))
    await asyncio.sleep(0)
    seen = []
    for step in (generator.__anext__, generator.aclose):
        try:
            await step()
        except RuntimeError as error:
            seen.append(str(error))
    seen.append(str(generator.ag_running))
    first.cancel()
    try:
        await first
    except asyncio.CancelledError:
        seen.append("cancelled")
    return "; ".join(seen)


async def close_after(function, count: int) -> str:
    generator = function()
    seen = [str(await anext(generator)) for _ in range(count)]
    await generator.aclose()
    events.append("closed in Python")
    seen += [str(item) async for item in generator]
    return " ".join([*seen, "end"])


async def throw_after(function, count: int) -> str:
    generator = function()
    for _ in range(count):
        await anext(generator)
    seen = []
    for error in (ValueError("thrown"), KeyError("again")):
        try:
            seen.append(await generator.athrow(error))
        except Exception as raised:
            seen.append(f"{raised!r} {raised is error}")
    return f"{seen}"


async def throw_into_step(function) -> str:
    """Into one that waits, as a Task does that is cancelled when that does not wait for anything any more."""
    told = []
    for error in (KeyError("thrown"), asyncio.CancelledError("thrown")):
        generator = function()
        seen = [str(await anext(generator))]
        step = generator.__anext__().__await__()
        step.send(None)
        try:
            step.throw(error)
        except (KeyError, asyncio.CancelledError) as raised:
            assert raised is error
            seen.append(type(raised).__name__)
        for _ in range(2):
            try:
                await anext(generator)
            except StopAsyncIteration:
                seen.append("stop")
        told.append(" ".join(seen))
    return ", ".join(told)


async def leave_after(function, count: int) -> None:
    async for _ in function():
        count -= 1
        if count <= 0:
            break
    gc.collect()


async def cancel_when(function, event: str) -> str:
    """Cancels the consuming task once `event` has happened."""
    seen = []

    async def consume() -> None:
        async for item in function():
            seen.append(str(item))

    task = asyncio.ensure_future(consume())
    await until_event(event)
    task.cancel()
    try:
        await task
        seen.append("end")
    except asyncio.CancelledError:
        seen.append("cancelled")
    events.append("seen by Python")
    return " ".join(seen)


async def time_out(function) -> str:
    generator = function()
    try:
        async with asyncio.timeout(0.01):
            async for _ in generator:
                pass
    except TimeoutError:
        return "timed out"
    return "not timed out"


async def drop_waiting(function, event: str) -> None:
    """A coroutine that waits in the generator is closed."""

    async def consume() -> None:
        async for _ in function():
            pass

    coroutine = consume()
    coroutine.send(None)
    await until_event(event)
    coroutine.close()


async def with_tag(value: str, function) -> list:
    tag.set(value)
    return [item async for item in function()]


async def slowly(function) -> int:
    total = 0
    async for item in function():
        if item % 10 == 0:
            await asyncio.sleep(0)
        total += item
    return total


def record(event: str) -> None:
    events.append(event)


def get_tag() -> str:
    return tag.get()


async def wait_forever() -> None:
    events.append("waiting")
    await asyncio.Event().wait()


def stop() -> None:
    raise StopAsyncIteration
