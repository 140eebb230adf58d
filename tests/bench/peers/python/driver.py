# tests/bench/peers/python/driver.py: the benches with Python alone: plain asyncio and uvloop, with no other side.
# SPDX-License-Identifier: MIT
"""Nothing to build, and scenario.py is beside it: `python3 tests/bench/peers/python/driver.py BENCH COUNT [key=value]`,
with the keys loop=asyncio|uvloop, in_flight=N, and way=..., which is told below.

The other side is `native_nop`: a future that `call_soon` resolves. That is the floor of Python's own machinery.
Where native code awaits in the other programs, a Python coroutine does here (b3, b4, b5, b9, b11).

For comparison, what Python users do to cross threads:
  b1, b2    way=executor     run_in_executor, sequential and gathered
  b1, b2    way=to_thread    asyncio.to_thread
  b3        way=threadsafe   a thread that awaits scenario.nop() with run_coroutine_threadsafe(...).result()
  b4        way=threadsafe   in_flight of these calls first, then their results
  b14_flood way=at_rest      the same timers, and nothing beside them

Not here: b6_b3 (the coroutine does not suspend, so the other thread would not get to run), b7 (no timer of Python's
does without the GIL), b10 (the harness runs python3 -c itself).
b12 awaits scenario.trivial(); its loop is what the others' inline start is compared with.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import scenario
from bench_program import Arguments, Bench, Measured, measured, run_program


def native_nop() -> asyncio.Future[int]:
    """A crossing: resolved in the loop's next turn."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    loop.call_soon(future.set_result, next(scenario.numbers))
    return future


def take_number() -> int:
    """What runs in a thread of the executor."""
    return next(scenario.numbers)


def in_executor() -> Awaitable[int]:
    """A crossing to a thread and back."""
    return asyncio.get_running_loop().run_in_executor(None, take_number)


def in_thread() -> Awaitable[int]:
    """The same with asyncio's own wrapping, which carries the context, too."""
    return asyncio.to_thread(take_number)


NATIVE = {"": native_nop, "executor": in_executor, "to_thread": in_thread}


sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


async def sleep_zero() -> int:
    """b5: the None of sleep(0), counted as 1."""
    if await sleep(0) is not None:
        return 0
    next(scenario.numbers)
    return 1


async def summed(arguments: Arguments, batch: int, run: Callable[[int], Awaitable[int]]) -> Measured:
    """Warms up, and measures `run`, which gets the number of operations and returns the sum of their values."""
    await run(arguments.warm_up(batch))
    scenario.restart()
    with measured(arguments.count) as result:
        result.checksum = await run(arguments.count)
    result.crossings = scenario.crossings()
    return result


async def b1(arguments: Arguments) -> Measured:
    return await summed(arguments, 1, partial(scenario.sequential, NATIVE[arguments.way]))


async def b2(arguments: Arguments) -> Measured:
    run = partial(scenario.at_once, NATIVE[arguments.way], in_flight=arguments.in_flight)
    return await summed(arguments, arguments.in_flight, run)


async def b3(arguments: Arguments) -> Measured:
    if arguments.way != "threadsafe":
        return await summed(arguments, 1, partial(scenario.sequential, scenario.nop))
    loop = asyncio.get_running_loop()

    def from_thread(count: int) -> int:
        return sum(asyncio.run_coroutine_threadsafe(scenario.nop(), loop).result(60) for _ in range(count))

    return await summed(arguments, 1, lambda count: asyncio.to_thread(from_thread, count))


async def b4(arguments: Arguments) -> Measured:
    if arguments.way != "threadsafe":
        run = partial(scenario.at_once, scenario.nop, in_flight=arguments.in_flight)
        return await summed(arguments, arguments.in_flight, run)
    loop = asyncio.get_running_loop()

    def from_thread(count: int) -> int:
        total = 0
        while count > 0:
            batch = min(arguments.in_flight, count)
            futures = [asyncio.run_coroutine_threadsafe(scenario.nop(), loop) for _ in range(batch)]
            total += sum(future.result(60) for future in futures)
            count -= batch
        return total

    return await summed(arguments, arguments.in_flight, lambda count: asyncio.to_thread(from_thread, count))


async def b5_sequential(arguments: Arguments) -> Measured:
    return await summed(arguments, 1, partial(scenario.sequential, sleep_zero))


async def b5_at_once(arguments: Arguments) -> Measured:
    run = partial(scenario.at_once, sleep_zero, in_flight=arguments.in_flight)
    return await summed(arguments, arguments.in_flight, run)


async def b6_b1(arguments: Arguments) -> Measured:
    samples: list[float] = []

    async def run(count: int) -> int:
        nonlocal samples
        total, samples = await scenario.sequential_timed(native_nop, count)
        return total

    with scenario.burning() as burner:
        before = burner.iterations
        result = await summed(arguments, 1, run)
        iterations = burner.iterations - before
    result.values = {**scenario.percentiles_us(samples), "burner_iterations": iterations}
    return result


async def bytes_of(arguments: Arguments, awaitable: Callable[[], Awaitable[None]]) -> Measured:
    await asyncio.gather(scenario.trivial(), scenario.trivial())
    scenario.restart()
    with measured(arguments.count) as result:
        bytes_each = await scenario.bytes_in_flight(awaitable, arguments.count, scenario.crossings)
    result.crossings = scenario.crossings()
    result.values = {"bytes": bytes_each}
    return result


async def b8_python_awaits(arguments: Arguments) -> Measured:
    loop = asyncio.get_running_loop()

    def native_pending() -> asyncio.Future[None]:
        next(scenario.numbers)
        return loop.create_future()

    return await bytes_of(arguments, native_pending)


async def b8_native_awaits(arguments: Arguments) -> Measured:
    return await bytes_of(arguments, scenario.pending)


async def b9_sequential(arguments: Arguments) -> Measured:
    return await summed(arguments, 1, partial(scenario.sequential, partial(scenario.there, native_nop)))


async def b9_at_once(arguments: Arguments) -> Measured:
    run = partial(scenario.at_once, partial(scenario.there, native_nop), in_flight=arguments.in_flight)
    return await summed(arguments, arguments.in_flight, run)


async def b11(arguments: Arguments) -> Measured:
    return await summed(arguments, 1, lambda count: scenario.consume(scenario.stream(count)))


async def b12(arguments: Arguments) -> Measured:
    result = await summed(arguments, 1, partial(scenario.sequential, scenario.trivial))
    result.crossings = result.checksum
    return result


async def b13_idle(arguments: Arguments) -> Measured:
    await asyncio.sleep(0)
    with measured(arguments.count) as result:
        result.values = await scenario.idle(arguments.count)
    return result


async def b13_paced(arguments: Arguments) -> Measured:
    await scenario.paced(native_nop, arguments.warm_up())
    with measured(arguments.count) as result:
        result.checksum, cost = await scenario.paced_cost(native_nop, arguments.count, scenario.restart)
    result.crossings = scenario.crossings()
    result.values = {"cpu_us_per_crossing": cost}
    return result


async def b14_fair(arguments: Arguments) -> Measured:
    await scenario.fair(native_nop, arguments.warm_up())
    scenario.restart()
    with measured(arguments.count) as result:
        samples, result.checksum = await scenario.fair(native_nop, arguments.count)
    result.crossings = scenario.crossings()
    result.values = scenario.percentiles_us(samples)
    return result


async def turn() -> int:
    """A crossing: a turn of the loop."""
    await asyncio.sleep(0)
    return next(scenario.numbers)


async def b14_flood(arguments: Arguments) -> Measured:
    if arguments.way == "at_rest":
        await scenario.lateness(arguments.warm_up())
        with measured(arguments.count) as result:
            samples = await scenario.lateness(arguments.count)
        result.values = scenario.percentiles_us(samples)
        return result
    await scenario.flooded(turn, arguments.warm_up(), arguments.in_flight)
    scenario.restart()
    with measured(arguments.count) as result:
        samples, result.checksum = await scenario.flooded(turn, arguments.count, arguments.in_flight)
    result.crossings = scenario.crossings()
    result.values = scenario.percentiles_us(samples)
    return result


async def b14_plain(arguments: Arguments) -> Measured:
    return await summed(arguments, 100, scenario.plain)


async def b15(arguments: Arguments) -> Measured:
    arguments.in_flight = arguments.count
    await scenario.at_once(native_nop, arguments.count, arguments.in_flight)
    count = arguments.count * scenario.repetitions(arguments.in_flight)
    scenario.restart()
    with measured(count) as result:
        result.checksum = await scenario.at_once(native_nop, count, arguments.in_flight)
    result.crossings = scenario.crossings()
    return result


BENCHES: dict[str, Bench] = {
    "b1": b1,
    "b2": b2,
    "b3": b3,
    "b4": b4,
    "b5_sequential": b5_sequential,
    "b5_at_once": b5_at_once,
    "b6_b1": b6_b1,
    "b8_python_awaits": b8_python_awaits,
    "b8_native_awaits": b8_native_awaits,
    "b9_sequential": b9_sequential,
    "b9_at_once": b9_at_once,
    "b11_python_to_native": b11,
    "b11_native_to_python": b11,
    "b12": b12,
    "b13_idle": b13_idle,
    "b13_paced": b13_paced,
    "b14_fair": b14_fair,
    "b14_flood": b14_flood,
    "b14_plain": b14_plain,
    "b15": b15,
}
WAYS = {
    "b1": {"executor", "to_thread"},
    "b2": {"executor", "to_thread"},
    "b3": {"threadsafe"},
    "b4": {"threadsafe"},
    "b14_flood": {"at_rest"},
}

if __name__ == "__main__":
    run_program(BENCHES, WAYS)
