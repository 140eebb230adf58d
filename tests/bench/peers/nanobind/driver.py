# tests/bench/peers/nanobind/driver.py: the benches with what C++ people write today: nanobind and hand-made glue.
# SPDX-License-Identifier: MIT
"""The module is built as CMakeLists.txt says, and found in build/bench/nanobind or through PYTHONPATH, which always
names tests/bench/peers/python: `build/bench/venv/bin/python .../driver.py BENCH COUNT [key=value ...]`, with the keys
loop=asyncio|uvloop, in_flight=N, and:

Python awaits C++ (b1, b2, b15, and inside b9):
  way=threadsafe  (default) the C++ thread takes the GIL and calls loop.call_soon_threadsafe(future.set_result, value)
  way=executor    loop.run_in_executor(None, a C++ function that releases the GIL)
C++ awaits Python (b3, b4, b9): run_coroutine_threadsafe and add_done_callback, which resumes a C++ coroutine:
  b4 way=batched  all calls of a batch under one acquisition of the GIL
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import scenario
from bench_program import Arguments, Bench, Measured, measured, run_program

sys.path.append(str(Path(__file__).resolve().parents[4] / "build/bench/nanobind"))

from bench_nanobind import Background  # noqa: E402

Run = Callable[[int], Awaitable[int]]


def nop_of(background: Background, way: str) -> scenario.Native:
    """What Python awaits for one crossing."""
    if way == "executor":
        return partial(asyncio.get_running_loop().run_in_executor, None, background.blocking_nop)
    native: scenario.Native = background.nop
    return native


async def measure(
    arguments: Arguments, count: int, warm_up: int, run: Callable[[Background], Run], python_counts: bool = False
) -> Measured:
    """Measures `run`, which makes of the background thread what sums `count` values; C++ counts, or Python."""
    background = Background(asyncio.get_running_loop())
    try:
        summed = run(background)
        await summed(warm_up)
        background.restart()
        scenario.restart()
        with measured(count) as result:
            result.checksum = await summed(count)
        result.crossings = scenario.crossings() if python_counts else background.crossings()
        return result
    finally:
        background.close()


async def b1(arguments: Arguments) -> Measured:
    def run(background: Background) -> Run:
        return partial(scenario.sequential, nop_of(background, arguments.way))

    return await measure(arguments, arguments.count, arguments.warm_up(), run)


def gathered(arguments: Arguments, in_flight: int) -> Callable[[Background], Run]:
    return lambda background: partial(scenario.at_once, nop_of(background, arguments.way), in_flight=in_flight)


async def b2(arguments: Arguments) -> Measured:
    in_flight = arguments.in_flight
    return await measure(arguments, arguments.count, arguments.warm_up(in_flight), gathered(arguments, in_flight))


async def b3(arguments: Arguments) -> Measured:
    def run(background: Background) -> Run:
        return partial(background.await_sequential, scenario.nop)

    return await measure(arguments, arguments.count, arguments.warm_up(), run, python_counts=True)


async def b4(arguments: Arguments) -> Measured:
    def run(background: Background) -> Run:
        awaits = background.await_batched if arguments.way == "batched" else background.await_at_once
        return partial(awaits, scenario.nop, in_flight=arguments.in_flight)

    return await measure(arguments, arguments.count, arguments.warm_up(arguments.in_flight), run, python_counts=True)


def there_and_back(background: Background, way: str) -> scenario.Native:
    """What C++ calls for b9."""
    return partial(scenario.there, nop_of(background, way))


async def b9_sequential(arguments: Arguments) -> Measured:
    def run(background: Background) -> Run:
        return partial(background.await_sequential, there_and_back(background, arguments.way))

    return await measure(arguments, arguments.count, arguments.warm_up(), run)


async def b9_at_once(arguments: Arguments) -> Measured:
    def run(background: Background) -> Run:
        function = there_and_back(background, arguments.way)
        return partial(background.await_at_once, function, in_flight=arguments.in_flight)

    return await measure(arguments, arguments.count, arguments.warm_up(arguments.in_flight), run)


async def b15(arguments: Arguments) -> Measured:
    in_flight = arguments.count
    count = in_flight * scenario.repetitions(in_flight)
    return await measure(arguments, count, in_flight, gathered(arguments, in_flight))


BENCHES: dict[str, Bench] = {
    "b1": b1,
    "b2": b2,
    "b3": b3,
    "b4": b4,
    "b9_sequential": b9_sequential,
    "b9_at_once": b9_at_once,
    "b15": b15,
}
PYTHON_AWAITS = {"threadsafe", "executor"}
WAYS = {
    "b1": PYTHON_AWAITS,
    "b2": PYTHON_AWAITS,
    "b3": {"threadsafe"},
    "b4": {"threadsafe", "batched"},
    "b9_sequential": PYTHON_AWAITS,
    "b9_at_once": PYTHON_AWAITS,
    "b15": PYTHON_AWAITS,
}

if __name__ == "__main__":
    run_program(BENCHES, WAYS)
