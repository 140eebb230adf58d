# tests/bench/suite/model.py: the words in which the plan is written: programs' configurations, benches, targets.
# SPDX-License-Identifier: MIT
"""Plain data. A `Bench` has `Run`s, each of which is a program in one configuration; every round runs all of them, and
each gives the bench's `Figure`s. A `Target` compares figures."""

import enum
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TWO_CPUS = "Q"  # threads unpinned
ONE_CPU = "1C"  # the whole process pinned to one CPU
REGIMES = (TWO_CPUS, ONE_CPU)


@dataclass(frozen=True)
class Measured:
    """What a process has reported, and how long it lived."""

    count: int
    crossings: int
    checksum: int
    seconds: float
    cpu_seconds: float
    values: dict[str, float]
    process_seconds: float = 0.0


class Check(enum.Enum):
    """What the crossings and the checksum of a run must be, so that nobody is fast by doing nothing."""

    NUMBERS = enum.auto()  # each operation gave the next number of the other side's counter
    ONES = enum.auto()  # each operation gave 1
    BEGUN = enum.auto()  # each operation was begun, and none has ended
    HAMMERED = enum.auto()  # as many crossings as there was time for, and their numbers
    COUNT_ONLY = enum.auto()  # there are no crossings
    SILENT = enum.auto()  # not a program of the benches: nothing but its exit code is checked

    def fault(self, measured: Measured) -> str:
        """Say what is wrong, in the form "expected ..., got ..."; empty if nothing is."""
        count, got = measured.count, measured.crossings
        crossings = {
            Check.NUMBERS: count,
            Check.ONES: count,
            Check.BEGUN: count,
            Check.HAMMERED: max(got, 1),
        }.get(self, got)
        checksum = {
            Check.NUMBERS: crossings * (crossings + 1) // 2,
            Check.ONES: count,
            Check.HAMMERED: crossings * (crossings + 1) // 2,
        }.get(self, measured.checksum)
        if got != crossings:
            return f"expected {crossings} crossings, got {got}"
        if measured.checksum != checksum:
            return f"expected the checksum {checksum}, got {measured.checksum}"
        return ""


@dataclass(frozen=True)
class Config:
    """A program of the benches with the keys that tell its event loop and its runtime."""

    name: str
    program: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many operations a process measures."""

    full: int
    quick: int


@dataclass(frozen=True)
class Run:
    """A process that each round starts once, or every third one where it is there for comparison only."""

    label: str  # the `config` of its rows
    config: Config
    bench: str  # the program's name for it
    counts: Counts
    arguments: tuple[str, ...] = ()
    check: Check = Check.NUMBERS
    repeats: bool = False  # it measures whole multiples of the count
    optional: bool = False  # the program may not have this bench yet: then it is left out and nothing of it holds
    seldom: bool = False  # nothing must hold beside it


@dataclass(frozen=True)
class Figure:
    """A number that a run gives, less being better; its unit is that of its rows."""

    unit: str
    of: Callable[[Measured], float]


def value(unit: str, name: str, per: Callable[[float], float] = lambda number: number) -> Figure:
    """A figure that the program reports among its `values`."""
    return Figure(unit, lambda measured: per(measured.values[name]))


TIME = Figure("us", lambda measured: measured.seconds / measured.count * 1e6)
CPU_TIME = Figure("cpu us", lambda measured: measured.cpu_seconds / measured.count * 1e6)
PROCESS_TIME = Figure("ms", lambda measured: measured.process_seconds * 1e3)
P50 = value("p50 us", "p50_us")
P99 = value("p99 us", "p99_us")


@dataclass(frozen=True)
class Bench:
    """What the rounds of one name measure side by side."""

    name: str
    title: str
    runs: tuple[Run, ...]
    figures: tuple[Figure, ...] = (TIME, CPU_TIME)
    in_quick: bool = True  # ./dev bench --quick runs it, too
    most_rounds: int = sys.maxsize  # what does not vary need not be measured again and again

    def fault(self, measured: Measured) -> str:
        """Say which figure cannot be had from a measurement; empty if all can."""
        for figure in self.figures:
            try:
                if not math.isfinite(figure.of(measured)):
                    return f"expected a finite number of {figure.unit}"
            except (KeyError, TypeError, ZeroDivisionError):
                return f"expected what gives {figure.unit} among the values, got {measured.values}"
        return ""

    def labels(self, *programs: str) -> tuple[str, ...]:
        """The labels of the runs of these programs."""
        return tuple(run.label for run in self.runs if run.config.program in programs)


class Sense(enum.Enum):
    """How the number of a target is made, and which way it must go."""

    TIMES_BETTER = ">="  # other / ours
    PART_OF = "<="  # ours / other
    AT_MOST = "<= absolute"  # ours

    @property
    def sign(self) -> str:
        """How number and bound are compared."""
        return self.value[:2]


@dataclass(frozen=True)
class Target:
    """A comparison of `ours` with the best of the others (or with a bound), and what it must come to, by regime.

    Where a regime has no bound the comparison is only reported, and where `bounds` is empty it is in all regimes.
    """

    bench: str
    ours: str
    others: tuple[str, ...]
    sense: Sense
    bounds: Mapping[str, float] = field(default_factory=dict)
    unit: str = TIME.unit
    other_bench: str = ""  # where the others are rows of another bench

    @property
    def regimes(self) -> tuple[str, ...]:
        """Where it is reported."""
        return tuple(regime for regime in REGIMES if regime in self.bounds) or REGIMES
