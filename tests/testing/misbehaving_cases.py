# tests/testing/misbehaving_cases.py: the Python side of the cases that go wrong.
# SPDX-License-Identifier: MIT
"""Coroutines and functions that the cases call."""

import asyncio
import os
import sys
import threading
import time

kept: list[object] = []


async def fail(message: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(message)


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def wait_inside() -> None:
    await wait_for_ever()


async def await_it(awaitable) -> None:
    await awaitable


def leave_task() -> None:
    kept.append(asyncio.get_running_loop().create_task(wait_for_ever(), name="left"))


def forget() -> None:
    wait_for_ever()


async def forget_failed_task() -> None:
    task = asyncio.create_task(fail("forgotten"))
    await asyncio.wait([task])


async def fail_in_callback() -> None:
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)


class Thing:
    def __del__(self) -> None:
        raise KeyError("gone")


def fail_in_del() -> None:
    Thing()


def fail_in_thread() -> None:
    thread = threading.Thread(target=lambda: int("x"), name="a worker")
    thread.start()
    thread.join()


def ended_future() -> list[asyncio.Future]:
    """In a list: C++ would await the Future itself."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return [future]


async def keep_task() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    kept.append(task)


stubborn = False


async def wait_stubbornly() -> None:
    global stubborn
    event = asyncio.Event()
    while True:
        stubborn = True
        try:
            await event.wait()
        except asyncio.CancelledError:
            pass


async def until_stubborn() -> None:
    while not stubborn:
        await asyncio.sleep(0)


def block(seconds: float) -> None:
    time.sleep(seconds)


async def raise_interrupt() -> None:
    await asyncio.sleep(0)
    raise KeyboardInterrupt


def never_return() -> None:
    threading.Event().wait()


async def leave_job() -> None:
    kept.append(asyncio.get_running_loop().run_in_executor(None, never_return))


def leave_loop() -> None:
    kept.append(asyncio.new_event_loop())


async def keep_traceback() -> None:
    def hold(held: asyncio.Future) -> None:
        held.set_result(None)
        raise ValueError

    try:
        hold(asyncio.get_running_loop().create_future())
    except ValueError as error:
        kept.append(error)


async def await_call(function) -> None:
    await function()


async def fail_without_unicode() -> None:
    raise ValueError(chr(0xD800))


def exit_in_child() -> None:
    child = os.fork()
    if child == 0:
        sys.exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4


async def run_subprocess() -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()


def exit_in_thread() -> None:
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
