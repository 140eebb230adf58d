# tests/bench/peers/python/bench_program.py: the protocol of the benches for programs that are written in Python.
# SPDX-License-Identifier: MIT
"""Command line, event loop, measuring and the line of JSON: `PROGRAM BENCH COUNT [key=value ...]`.

A program gives `run_program` a table of its benches; each is an async function that gets the `Arguments`, warms up,
measures with `measured`, and returns what came of it.
"""

import asyncio
import contextlib
import faulthandler
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import scenario

# Seconds after which a program says where it hangs, and ends.
TIME_LIMIT = 600


@dataclass
class Arguments:
    """What the command line asks for."""

    bench: str
    count: int
    loop: str = "asyncio"
    way: str = ""
    in_flight: int = 1000

    def warm_up(self, batch: int = 1) -> int:
        """How many operations to warm up with."""
        return scenario.warm_up_count(self.count, batch)


@dataclass
class Measured:
    """The measured part: what goes into the line of JSON."""

    count: int
    crossings: int = 0
    checksum: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    values: dict[str, float] = field(default_factory=dict)


Bench = Callable[[Arguments], Awaitable[Measured]]


@contextlib.contextmanager
def measured(count: int) -> Iterator[Measured]:
    """Measures the time of the `with` block, whose code fills in the rest."""
    result = Measured(count)
    cpu = scenario.cpu_seconds()
    begin = time.perf_counter()
    yield result
    result.seconds = time.perf_counter() - begin
    result.cpu_seconds = scenario.cpu_seconds() - cpu


def run_program(benches: dict[str, Bench], ways: dict[str, set[str]]) -> None:
    """Runs the bench that the command line asks for, on the loop that it asks for, and prints its line of JSON.

    `ways` names for a bench the values of `way=` that it knows; a bench that is not in it knows none.
    """
    arguments = _parse(sys.argv[1:], benches, ways)
    faulthandler.dump_traceback_later(TIME_LIMIT, exit=True)
    result = _run(benches[arguments.bench](arguments), arguments.loop)
    print(json.dumps({"bench": arguments.bench, **vars(result)}), flush=True)


def _parse(words: list[str], benches: dict[str, Bench], ways: dict[str, set[str]]) -> Arguments:
    if len(words) < 2 or words[0] not in benches:
        _refuse(f"usage: PROGRAM BENCH COUNT [key=value ...]; benches: {' '.join(benches)}")
    if not words[1].isdigit() or int(words[1]) == 0:
        _refuse(f"COUNT is a positive number, not '{words[1]}'")
    arguments = Arguments(words[0], int(words[1]))
    for word in words[2:]:
        key, _, value = word.partition("=")
        if key == "loop" and value in ("asyncio", "uvloop"):
            arguments.loop = value
        elif key == "in_flight" and value.isdigit() and int(value) > 0:
            arguments.in_flight = int(value)
        elif key == "way" and value in ways.get(arguments.bench, set()):
            arguments.way = value
        else:
            known = " ".join(sorted(ways.get(arguments.bench, set()))) or "none"
            _refuse(f"{arguments.bench}: unknown: {word}; ways: {known}")
    return arguments


def _refuse(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


def _run(main: Awaitable[Measured], loop: str) -> Measured:
    if loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_awaited(main))
    return asyncio.run(_awaited(main))


async def _awaited(main: Awaitable[Measured]) -> Measured:
    return await main
