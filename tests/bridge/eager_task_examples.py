# tests/bridge/eager_task_examples.py: coroutines that C++ awaits, as others see them.
# SPDX-License-Identifier: MIT
"""Coroutines that look at their own task, or are looked at."""

import asyncio
import itertools
import weakref

from bridge_examples import events, future_of, outcome

released: asyncio.Future | None = None


async def wait_for_release() -> object:
    """Waits for a Future without a look at its own task."""
    global released
    released = asyncio.get_running_loop().create_future()
    events.append("waiting")
    try:
        return await released
    finally:
        released = None
        events.append("left")


async def rest_and_yield() -> int:
    """It rests until every spin has ended."""
    await asyncio.sleep(0.02)
    for _ in range(3):
        await asyncio.sleep(0)
    return 3


def release(outcome: object) -> None:
    assert released is not None
    if isinstance(outcome, BaseException):
        released.set_exception(outcome)
    else:
        released.set_result(outcome)


def fail_release() -> None:
    release(KeyError("not released"))


def tasks_of(name: str) -> list[asyncio.Task]:
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == name]


def count_tasks_of(name: str) -> int:
    return len(tasks_of(name))


def cancel_tasks_of(name: str) -> None:
    for task in tasks_of(name):
        task.cancel("by name")


async def one_identity() -> str:
    """Its task before and after waits of all kinds, kept without a look at it."""
    seen = [asyncio.current_task()]
    keys = weakref.WeakKeyDictionary({seen[0]: "mine"})
    await asyncio.sleep(0)
    seen.append(asyncio.current_task())
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, None)
    await future
    seen.append(asyncio.current_task())
    await asyncio.sleep(0.001)
    seen.append(asyncio.current_task())
    assert all(task is seen[0] for task in seen), seen
    assert keys[asyncio.current_task()] == "mine"
    assert isinstance(seen[0], asyncio.Task) and seen[0] in asyncio.all_tasks()
    return "one"


kept: list[asyncio.Task] = []


def keep_task() -> None:
    """Without a look at it."""
    task = asyncio.current_task()
    assert task is not None
    kept.append(task)


async def keep_and_end(turns: int, message: str) -> int:
    keep_task()
    for _ in range(turns):
        await asyncio.sleep(0)
    if message:
        raise ValueError(message)
    return 42


async def await_kept() -> object:
    """By the type's own slot for that: no attribute is asked for."""
    return await kept.pop()


async def watch_kept() -> object:
    """All that a Task shows of its end."""
    task = kept.pop()
    assert task.get_coro().__name__ == keep_and_end.__name__
    await asyncio.wait([task])
    assert task.get_coro().__name__ == keep_and_end.__name__
    assert task.done() and not task.cancel() and "finished" in repr(task), task
    return task.result()


async def wait_for_timer() -> None:
    await asyncio.sleep(0.001)


async def unknown_at_end() -> bool:
    """Of a coroutine that nobody has kept, no Task is there when it has ended."""
    return not tasks_of(wait_for_timer.__name__)


async def await_kept_while_it_runs() -> object:
    while not kept:
        await asyncio.sleep(0)
    assert "pending" in repr(kept[-1])
    return await kept.pop()


known: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
numbers = itertools.count()


async def number_of_task() -> int:
    """A number for each task, which is kept with it."""
    return known.setdefault(asyncio.current_task(), next(numbers))


async def spin_forever() -> None:
    events.append("waiting")
    try:
        while True:
            await asyncio.sleep(0)
    finally:
        events.append("left")


async def turns_between(turns: int) -> int:
    """How often another callback of the loop has run between `turns` sleeps of no length."""
    loop = asyncio.get_running_loop()
    count = 0
    over = False

    def tick() -> None:
        nonlocal count
        count += 1
        if not over:
            loop.call_soon(tick)

    loop.call_soon(tick)
    for _ in range(turns):
        await asyncio.sleep(0)
    over = True
    return count


async def swallow_and_go_on() -> str:
    """Is cancelled in a wait of its first step, waits again, and has a result."""
    try:
        await wait_for_release()
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        return "went on"
    return "not cancelled"


class BareYield:
    """Awaits a Future as a hand-written awaitable does: the value that comes from the yield is not looked at."""

    def __init__(self, future: asyncio.Future) -> None:
        self.future = future

    def __await__(self):
        self.future._asyncio_future_blocking = True
        try:
            yield self.future
        except ValueError as error:
            return f"thrown {error}"
        return "sent"


async def hand_written(message: str) -> str:
    future = asyncio.get_running_loop().create_future()
    if message:
        asyncio.get_running_loop().call_soon(future.set_exception, ValueError(message))
    else:
        asyncio.get_running_loop().call_soon(future.set_result, None)
    return await BareYield(future)


seen: list[asyncio.Task] = []
closers: list = []


async def close_during_step(how: str) -> str:
    """In its second step its task is looked at, and its loop is closed for C++."""
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert not task.cancelled()
    seen.append(task)
    closers.pop()(asyncio.get_running_loop())
    if how == "raises":
        raise ValueError("raised")
    if how == "waits":
        await future_of(None)
    if how == "yields":
        await asyncio.sleep(0)
    return how


async def outcome_of_closed(start, close, how: str) -> str:
    """What the Task of `close_during_step` ends with."""
    closers.append(close)
    start(f"{__name__}:{close_during_step.__name__}", how)
    while not seen:
        await asyncio.sleep(0)
    return await outcome(seen.pop())
