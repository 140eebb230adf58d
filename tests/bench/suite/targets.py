# tests/bench/suite/targets.py: how far the benches must get.
# SPDX-License-Identifier: MIT
"""`TARGETS`: ratios of one run to the best Rust peer of the same run, or to Python alone, and a few absolute bounds."""

from collections.abc import Iterator

from .model import CPU_TIME, ONE_CPU, P50, P99, PROCESS_TIME, REGIMES, TWO_CPUS, Sense, Target
from .plan import BENCHES, BEST_TUNED, NANOBIND, OURS, RUST, SIZES, TIMERS, growth_name, timers_name

ASYNCIO, UVLOOP, READER = (config.name for config in OURS)
EVERY_RUST = tuple(config.name for config in RUST)

# On asyncio, against the best of all of the peer's configurations: at least so many times better.
TIMES_BETTER: dict[str, dict[str, float]] = {
    "b1": {TWO_CPUS: 100, ONE_CPU: 8},
    "b2": {TWO_CPUS: 60, ONE_CPU: 10},
    "b3": {TWO_CPUS: 90, ONE_CPU: 10},
    "b4": {TWO_CPUS: 85, ONE_CPU: 40},
    "b5_sequential": {TWO_CPUS: 50, ONE_CPU: 7.5},
    "b5_at_once": {TWO_CPUS: 18, ONE_CPU: 8},
    "b6_b1": {TWO_CPUS: 1000, ONE_CPU: 7},
    "b6_b3": {TWO_CPUS: 500, ONE_CPU: 7},
    "b9_sequential": {TWO_CPUS: 100, ONE_CPU: 8},
    "b9_at_once": {TWO_CPUS: 40, ONE_CPU: 11},
}
# On the other loops, against the best of the peer's on the same one: with two CPUs, and everywhere with one.
FLOORS = {UVLOOP: {"b1": 20, "b2": 9, "b3": 20, "b4": 20}, READER: {"b1": 20, "b2": 8, "b3": 20, "b4": 20}}
FLOOR_ON_ONE_CPU = 4


# How else it may be written in Rust, and the library tuned by who knows its inside; for comparison.
OTHER_WAYS = (
    ("b1", "tuned"),
    ("b2", "tuned"),
    ("b3", "tuned"),
    ("b4", "tuned"),
    ("b1", "async_fn"),
    ("b2", "async_fn"),
    ("b4", "joined"),
    ("b5_at_once", "joined"),
    ("b5_at_once", "batched"),
    ("b11_native_to_python", "async_fn"),
    ("b11_python_to_native", "v2_chunks"),
)


def on(loop: str) -> tuple[str, ...]:
    """The rows of the Rust peer on one loop."""
    return tuple(name for name in EVERY_RUST if name.endswith(f" {loop}"))


def way(label: str) -> tuple[str, ...]:
    """The rows of the Rust peer that do it one way."""
    return tuple(f"{name} {label}" for name in EVERY_RUST)


def crossings() -> Iterator[Target]:
    """B1 to B6, B9: time."""
    for bench, bounds in TIMES_BETTER.items():
        yield Target(bench, ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER, bounds)
        if bench == "b4":
            yield Target(bench, ASYNCIO, way("batched"), Sense.TIMES_BETTER, {TWO_CPUS: 30, ONE_CPU: 18})
        for ours, theirs in ((UVLOOP, "uvloop"), (READER, "asyncio")):
            floors: dict[str, float] = {ONE_CPU: FLOOR_ON_ONE_CPU}
            if bench in FLOORS[ours]:
                floors[TWO_CPUS] = FLOORS[ours][bench]
            yield Target(bench, ours, on(theirs), Sense.TIMES_BETTER, floors)
    yield Target("b6_b1", ASYNCIO, (), Sense.AT_MOST, {TWO_CPUS: 50}, P99.unit)
    for bench, label in OTHER_WAYS:
        others = tuple(f"{config.name} {label}" for config in (BEST_TUNED if label == "tuned" else RUST))
        yield Target(bench, ASYNCIO, others, Sense.TIMES_BETTER)
    for bench in ("b1", "b2", "b3", "b4", "b9_sequential", "b9_at_once"):
        yield Target(bench, ASYNCIO, (NANOBIND[0].name,), Sense.TIMES_BETTER)


def processor_time() -> Iterator[Target]:
    """Nobody is fast here by burning more CPU: a crossing takes no more of it than the best Rust peer's."""
    for bench in BENCHES:
        rust = [label for label in bench.labels("rust") if label in EVERY_RUST] or list(way("v1") + way("v2"))
        if not any(figure.unit == CPU_TIME.unit for figure in bench.figures) or not bench.labels("rust"):
            continue
        for ours in bench.labels("ours"):
            loop = "" if ours == ASYNCIO else " uvloop" if ours == UVLOOP else " asyncio"
            others = tuple(label for label in rust if loop in label)
            yield Target(bench.name, ours, others, Sense.TIMES_BETTER, dict.fromkeys(REGIMES, 1), CPU_TIME.unit)


def the_rest() -> Iterator[Target]:
    """B6's burner, B7, B8, B10 to B16."""
    # Spinning may take little from a thread that computes.
    spinning, sleeping = (f"{ASYNCIO} spin={spin}" for spin in ("adaptive", "off"))
    yield Target("b6_burner", spinning, (sleeping,), Sense.PART_OF, dict.fromkeys(REGIMES, 1.02), "us an iteration")

    yield Target("b7", ASYNCIO, (), Sense.AT_MOST, {TWO_CPUS: 100}, P50.unit)
    yield Target("b7", ASYNCIO, (), Sense.AT_MOST, {TWO_CPUS: 350}, P99.unit)
    yield Target("b7", ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER, {TWO_CPUS: 8}, P50.unit)
    yield Target("b7", ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER, {TWO_CPUS: 4}, P99.unit)

    for unit in (P50.unit, P99.unit):
        yield Target("b7", ASYNCIO, way("timerfd"), Sense.TIMES_BETTER, unit=unit)
    # As libuv alone beside a thread that computes, as near as one cold wake-up is like another.
    for ours in (ASYNCIO, f"{ASYNCIO} thread"):
        for unit, bound in ((P50.unit, 1.5), (P99.unit, 2)):
            yield Target("b7", ours, ("limit timerfd",), Sense.PART_OF, dict.fromkeys(REGIMES, bound), unit)

    yield Target("b8_python_awaits", ASYNCIO, (), Sense.AT_MOST, dict.fromkeys(REGIMES, 380), "bytes")
    # A Task's own bytes: Python alone waits with a Task each.
    yield Target("b8_native_awaits", ASYNCIO, ("python asyncio",), Sense.PART_OF, dict.fromkeys(REGIMES, 1), "bytes")
    for bench, label in (("b8_python_awaits", "async_fn"), ("b8_native_awaits", "batched")):
        yield Target(bench, ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER, unit="bytes")
        yield Target(bench, ASYNCIO, way(label), Sense.TIMES_BETTER, unit="bytes")

    hello = ("python -c",)
    yield Target("b10", ASYNCIO, hello, Sense.PART_OF, dict.fromkeys(REGIMES, 1), PROCESS_TIME.unit)
    yield Target("b10", ASYNCIO, ("embedded python -c",), Sense.PART_OF, unit=PROCESS_TIME.unit)
    yield Target("b10", f"{ASYNCIO} full", hello, Sense.PART_OF, dict.fromkeys(REGIMES, 1.1), PROCESS_TIME.unit)

    yield Target("b11_python_to_native", ASYNCIO, way("v1"), Sense.TIMES_BETTER, dict.fromkeys(REGIMES, 20))
    yield Target("b11_python_to_native", ASYNCIO, way("v2"), Sense.TIMES_BETTER, dict.fromkeys(REGIMES, 5))

    yield Target("b11_native_to_python", ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER)

    yield Target("b12", ASYNCIO, ("python asyncio",), Sense.PART_OF, dict.fromkeys(REGIMES, 1.3))
    yield Target("b12", ASYNCIO, EVERY_RUST, Sense.TIMES_BETTER)

    # Nothing happens but the beginning and the end, which take a few wake-ups and less than 0.01 % of a CPU.
    yield Target("b13_idle", ASYNCIO, (), Sense.AT_MOST, dict.fromkeys(REGIMES, 1000), "cpu us in all")
    yield Target("b13_idle", ASYNCIO, (), Sense.AT_MOST, dict.fromkeys(REGIMES, 10), "wake-ups")
    yield Target("b13_paced", ASYNCIO, (), Sense.AT_MOST, dict.fromkeys(REGIMES, 30), CPU_TIME.unit)

    yield Target("b14_fair", ASYNCIO, (), Sense.AT_MOST, dict.fromkeys(REGIMES, 250), P99.unit)
    # As asyncio alone with as many tasks of its own; where the loop does not show when its next timer is due, that waits
    # for a slice of two milliseconds.
    for ours, alone, bound in ((ASYNCIO, "asyncio", 1), (READER, "asyncio", 1), (UVLOOP, "uvloop", 1.5)):
        yield Target("b14_flood", ours, (f"python {alone}",), Sense.PART_OF, dict.fromkeys(REGIMES, bound), P99.unit)
    # Not slower; runs on one CPU are steady to 2 %.
    yield Target("b14_plain", ASYNCIO, ("python asyncio",), Sense.PART_OF, dict.fromkeys(REGIMES, 1.02))
    yield Target("b14_plain", ASYNCIO, ("embedded python",), Sense.PART_OF)
    yield Target("b12", ASYNCIO, ("embedded python",), Sense.PART_OF)

    # Flat from a thousand on: a gather of a million misses the caches, which costs Python's own futures as much.
    for size in (size for size in SIZES if size > 1000):
        yield Target(
            growth_name(size),
            ASYNCIO,
            (ASYNCIO,),
            Sense.PART_OF,
            dict.fromkeys(REGIMES, 1.5),
            other_bench=growth_name(1000),
        )

    # Not slower than libuv's own, however many there are.
    for size in TIMERS:
        yield Target(timers_name(size), ASYNCIO, ("limit uv_timer",), Sense.PART_OF, dict.fromkeys(REGIMES, 1))


TARGETS: tuple[Target, ...] = (*crossings(), *processor_time(), *the_rest())
