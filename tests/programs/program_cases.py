# tests/programs/program_cases.py: the Python side of the programs.
# SPDX-License-Identifier: MIT
"""Coroutines that the test programs call."""

import asyncio
import atexit
import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


async def exit_at_once(code) -> None:
    sys.exit(code)


async def exit_later(code) -> None:
    await asyncio.sleep(0)
    sys.exit(code)


async def fail(message: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(message)


def show(line: str) -> None:
    print(line)


def show_arguments() -> None:
    print("Python:", sys.argv[1:])


def use_extension_modules() -> None:
    """Uses some that are files of their own, and prints the files that are in this process."""
    import decimal
    import json
    import ssl

    assert decimal.Decimal("1.10") + 1 == decimal.Decimal("2.10")
    assert json.loads("[1]") == [1]
    assert ssl.create_default_context()
    print(
        *sorted({line.split()[5] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}), sep="\n"
    )


def collect_garbage() -> None:
    """The collector works on what the program makes, and leaves alone what was there before."""

    class Node:
        itself: "Node"

    node = Node()
    node.itself = node
    gone = weakref.ref(node)
    del node
    gc.collect()
    print(gone() is None, gc.isenabled(), gc.get_freeze_count() > 0)


async def await_call_of(start: Callable[[], Awaitable[None]]) -> None:
    await start()


def compute_forever() -> None:
    print("ready", flush=True)
    while True:
        pass


def block(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def wait_forever() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)


async def never_give_in() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass


def terminate_forked_child() -> int:
    """Its exit code, once it has begun."""
    reader, writer = os.pipe()

    def wait() -> None:
        os.write(writer, b".")
        never_return()

    child = multiprocessing.get_context("fork").Process(target=wait)
    child.start()
    os.read(reader, 1)
    child.terminate()
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def exit_with_a_great_number() -> None:
    sys.exit(2**70)


async def exit_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        sys.exit(11)


async def leave_exit_at_the_end() -> None:
    kept.append(asyncio.create_task(exit_when_cancelled()))
    kept.append(asyncio.create_task(wait_and_say()))
    await asyncio.sleep(0)


def never_return() -> None:
    threading.Event().wait()


async def leave_job_of_executor() -> None:
    kept.append(asyncio.get_running_loop().run_in_executor(None, never_return))


def leave_threads() -> None:
    """Some at work, and one of an executor that has done its job."""
    threading.Thread(target=never_return, name="worker").start()
    for name, job in (("busy", never_return), ("idle", int)):
        executor = ThreadPoolExecutor(1, name)
        executor.submit(job)
        kept.append(executor)
    threading.Thread(target=never_return, name="daemon", daemon=True).start()


def leave_traces() -> None:
    """What is done at the end, and an object that tells when it goes, if it goes."""

    class Traced:
        def __del__(self, write: Callable[[int, bytes], int] = os.write) -> None:
            write(1, b"collected\n")

    def follow() -> None:
        threading.main_thread().join()
        sys.stdout.write("joined\n")

    traced = Traced()
    traced.itself = traced  # type: ignore[attr-defined]
    kept.append(traced)
    threading.Thread(target=follow).start()
    atexit.register(sys.stdout.write, "atexit\n")
    sys.stdout.write("no line yet, ")


def follow_the_main_thread(then: str) -> None:
    def follow() -> None:
        threading.main_thread().join()
        print(then, flush=True)
        if then == "waits":
            never_return()

    threading.Thread(target=follow).start()


async def start_what_never_gives_in() -> None:
    """While it cleans up, and does not wait for it."""
    try:
        await asyncio.Event().wait()
    finally:
        kept.append(asyncio.create_task(never_give_in()))


async def start_what_gives_in() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        kept.append(asyncio.create_task(wait_and_say()))


async def wait_and_say() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("cancelled")
        await asyncio.sleep(0.001)
        print("cleaned up")


def start_waiting(function, count: int) -> list[asyncio.Future]:
    """Futures of C++ and Tasks of Python, none of which ends by itself."""
    kept.extend(function() for _ in range(count))
    kept.extend(asyncio.create_task(await_one(function())) for _ in range(count))
    kept.extend(asyncio.create_task(wait_forever()) for _ in range(count))


async def await_one(future) -> None:
    await future


kept: list[asyncio.Future] = []


def stop_the_loop() -> None:
    asyncio.get_running_loop().stop()


class Loop(asyncio.SelectorEventLoop):
    """An event loop that can be recognised."""


def make_loop() -> Loop:
    return Loop()


def loop_name() -> str:
    return type(asyncio.get_running_loop()).__name__
