# tests/bench/peers/python/scenario.py: the Python side of every bench, the same for all programs that are compared.
# SPDX-License-Identifier: MIT
"""What is awaited, what awaits, and what disturbs; found through PYTHONPATH by every program of the benches.

`native` stands for the function of a program that returns an awaitable for one crossing (a coroutine, a future, ...)
whose value is the next number, 1 first, of the program's own counter. Times are in seconds unless a name says
otherwise.
Everything here runs on the thread of the asyncio loop, except `stop`, `crossings`, and what only reads /proc.
"""

import asyncio
import contextlib
import gc
import itertools
import math
import os
import resource
import selectors
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

Native = Callable[[], Awaitable[int]]

# The counter of this side: `nop`, `stream`, `pending` and `plain` take from it.
numbers = itertools.count(1)


def restart() -> None:
    """Count from 1 again: after the warm-up, before what is measured."""
    global numbers
    numbers = itertools.count(1)


def crossings() -> int:
    """How many numbers were taken since `restart`."""
    return int(repr(numbers)[len("count(") : -1]) - 1


def warm_up_count(count: int, batch: int = 1) -> int:
    """How many operations to warm up with: a tenth, at least one, in whole batches."""
    return -(-max(count // 10, 1) // batch) * batch


# What the native side awaits.


async def nop() -> int:
    """b3, b4, b6_b3: does nothing; its value is the next number."""
    return next(numbers)


async def trivial() -> int:
    """b12: does nothing and counts nothing."""
    return 1


async def there(native: Native) -> int:
    """b9: awaits the native side on its behalf."""
    return await native()


async def pending() -> None:
    """b8_native_awaits: takes a number (so that `crossings` tells how many have begun) and never ends by itself."""
    next(numbers)
    await asyncio.get_running_loop().create_future()


async def stream(count: int) -> AsyncIterator[int]:
    """b11_python_to_native: the next `count` numbers, none of which has to be waited for."""
    for _ in range(count):
        yield next(numbers)


# What awaits the native side.


async def sequential(native: Native, count: int) -> int:
    """b1, b12: `count` crossings, one after another. Returns the sum of their values."""
    total = 0
    for _ in range(count):
        total += await native()
    return total


async def at_once(native: Native, count: int, in_flight: int) -> int:
    """b2, b15: `count` crossings, `in_flight` of them at once (fewer in the last batch). Returns their sum."""
    total = 0
    while count > 0:
        batch = min(in_flight, count)
        total += sum(await asyncio.gather(*[native() for _ in range(batch)]))
        count -= batch
    return total


async def sequential_timed(native: Native, count: int) -> tuple[int, list[float]]:
    """b6_b1: as `sequential`, and returns how long each crossing took as well."""
    total = 0
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        total += await native()
        samples.append(time.perf_counter() - begin)
    return total, samples


async def consume(items: AsyncIterable[int]) -> int:
    """b11_native_to_python: the sum of a stream."""
    total = 0
    async for item in items:
        total += item
    return total


def repetitions(in_flight: int, at_least: int = 5_000) -> int:
    """b15: how many gathers of `in_flight` crossings make enough operations to measure."""
    return -(-at_least // in_flight)


# What disturbs.


class Burner:
    """A thread that computes in pure Python until `stop`. `iterations` proves that it got to run."""

    def __init__(self) -> None:
        self.iterations = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._burn, name="burner", daemon=True)

    def start(self) -> None:
        """Begin, and return when the thread has computed a little."""
        self._thread.start()
        while self.iterations == 0:
            time.sleep(0.001)

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopped = True
        self._thread.join()

    def _burn(self) -> None:
        while not self._stopped:
            value = 0
            for i in range(1000):
                value += i * i
            self.iterations += 1


@contextlib.contextmanager
def burning() -> Iterator[Burner]:
    """b6: another Python thread burns CPU for as long as the `with` block runs."""
    burner = Burner()
    burner.start()
    try:
        yield burner
    finally:
        burner.stop()


_stopped = threading.Event()


def stop() -> None:
    """End `busy` early. From any thread that holds the GIL."""
    _stopped.set()


def busy(seconds: float) -> int:
    """b7: compute in pure Python for so long, or until `stop`. Returns the rounds of the loop, which are never 0."""
    _stopped.clear()
    rounds = 0
    end = time.perf_counter() + seconds
    while True:
        value = 0
        for i in range(1000):
            value += i * i
        rounds += 1
        if _stopped.is_set() or time.perf_counter() >= end:
            return rounds


async def busy_beside(work: Awaitable[Any], seconds: float = 60.0, slice_seconds: float = 0.05) -> Any:
    """b7, for a `work` that cannot call `stop`: keeps the asyncio thread busy, but for a turn of the loop each 50 ms,
    until `work` is done. Returns its value; TimeoutError after `seconds`."""
    future = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    end = time.perf_counter() + seconds
    while not future.done():
        if time.perf_counter() >= end:
            future.cancel()
            raise TimeoutError("the work beside a busy asyncio thread did not end")
        busy(slice_seconds)
        await asyncio.sleep(0)
    return await future


# Timers and pacing.


async def lateness(count: int, delay: float = 0.001) -> list[float]:
    """b14: how late each of `count` asyncio timers was, one after another."""
    samples = []
    for _ in range(count):
        due = time.monotonic() + delay
        await asyncio.sleep(delay)
        samples.append(time.monotonic() - due)
    return samples


async def fair(native: Native, count: int) -> tuple[list[float], int]:
    """b14_fair: the lateness of `count` timers while another task crosses without a pause.

    Returns the lateness and the sum of the values of that task's crossings. In the JSON line `count` are the timers and
    `crossings` the crossings, as many as there was time for; the checksum is crossings (crossings + 1) / 2.
    """
    stopped = False
    total = 0

    async def hammer() -> None:
        nonlocal total
        while not stopped:
            total += await native()

    task = asyncio.create_task(hammer())
    try:
        samples = await lateness(count)
    finally:
        stopped = True
        await task
    return samples, total


async def flooded(native: Native, count: int, in_flight: int = 1000) -> tuple[list[float], int]:
    """b14_flood, for who has no other side: the lateness of `count` timers while `in_flight` tasks cross without a pause.

    As `fair` otherwise.
    """
    stopped = False

    async def flood() -> int:
        total = 0
        while not stopped:
            total += await native()
        return total

    tasks = [asyncio.create_task(flood()) for _ in range(in_flight)]
    try:
        samples = await lateness(count)
    finally:
        stopped = True
        total = sum(await asyncio.gather(*tasks))
    return samples, total


async def paced(native: Native | None, count: int, delay: float = 0.001) -> int:
    """b13_paced: one crossing every `delay`; with None the same pacing without. Returns the sum of the values."""
    total = 0
    for _ in range(count):
        await asyncio.sleep(delay)
        if native is not None:
            total += await native()
    return total


async def paced_cost(native: Native, count: int, before_crossings: Callable[[], None]) -> tuple[int, float]:
    """b13_paced: paces without crossings, then with. `before_crossings` is called in between, to restart the counter.

    Returns the sum of the values and the microseconds of CPU that a crossing costs.
    """
    begin = cpu_seconds()
    await paced(None, count)
    without = cpu_seconds() - begin
    before_crossings()
    begin = cpu_seconds()
    total = await paced(native, count)
    return total, (cpu_seconds() - begin - without) / count * 1e6


# Plain asyncio, without a crossing.


async def _plain_task() -> int:
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    loop.call_soon(future.set_result, next(numbers))
    return await future


async def plain(count: int, in_flight: int = 100) -> int:
    """b14_plain: `count` tasks, each a sleep(0) and a future resolved by call_soon with the next number. Their sum."""
    total = 0
    while count > 0:
        batch = min(in_flight, count)
        tasks = [asyncio.create_task(_plain_task()) for _ in range(batch)]
        for task in tasks:
            total += await task
        count -= batch
    return total


# Loops.


def make_loop_with_reader() -> asyncio.AbstractEventLoop:
    """asyncio's loop on poll(2), which no program replaces by a selector of its own: stands for a loop others made."""
    return asyncio.SelectorEventLoop(selectors.PollSelector())


# Memory.


async def bytes_in_flight(native: Callable[[], Awaitable[Any]], count: int, begun: Callable[[], int]) -> float:
    """b8_python_awaits: what one of `count` gathered awaits takes that never end, in bytes of resident memory.

    `begun` tells how many the other side has begun, since ever. All are cancelled in the end. Warm up with one, not
    with a tenth: memory that a warm-up leaves behind would be used again and not be counted.
    """
    gc.collect()
    begun_before = begun()
    before = resident_bytes()
    gathered = asyncio.gather(*[native() for _ in range(count)])
    try:
        await until(lambda: begun() - begun_before >= count)
        gc.collect()
        return (resident_bytes() - before) / count
    finally:
        gathered.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gathered


async def until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    """Let the loop run until `holds`, and 50 ms more for what follows from it; TimeoutError after `seconds`."""
    end = time.perf_counter() + seconds
    while not holds():
        if time.perf_counter() >= end:
            raise TimeoutError("what the bench waits for did not happen")
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)


def resident_bytes() -> int:
    """The anonymous resident memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no RssAnon")


# CPU, wake-ups, percentiles.


def cpu_seconds() -> float:
    """The CPU time of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def voluntary_switches() -> int:
    """b13_idle: how often the threads that live now have gone to sleep, all together."""
    total = 0
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
            with open(f"/proc/self/task/{thread}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("voluntary_ctxt_switches:"):
                        total += int(line.split()[1])
    return total


async def idle(seconds: float, sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep) -> dict[str, float]:
    """b13_idle: sleeps and returns what the process has done meanwhile, as the `values` of the JSON line."""
    switches = voluntary_switches()
    cpu = cpu_seconds()
    await sleep(seconds)
    return {"cpu_us": (cpu_seconds() - cpu) * 1e6, "wakeups": voluntary_switches() - switches}


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least so many percent of the samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def percentiles_us(samples: Sequence[float]) -> dict[str, float]:
    """p50 and p99 of samples in seconds, in microseconds, as the `values` of the JSON line."""
    return {"p50_us": percentile(samples, 50) * 1e6, "p99_us": percentile(samples, 99) * 1e6}
