# tests/bench/suite/page.py: the results for people who read them in docs/benchmarks.md.
# SPDX-License-Identifier: MIT
"""Two tables in Markdown, put into the page between its marks: the crossings, and the rest. Each cell has both regimes, a
dash where nothing was measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .model import CPU_TIME, P50, P99, PROCESS_TIME, REGIMES, TIME
from .plan import BENCHES, BEST_TUNED, TIMERS, growth_name, timers_name
from .report import Ratio, Row, counted
from .table import number
from .targets import ASYNCIO, EVERY_RUST, TIMES_BETTER, UVLOOP, on, way

BEGIN = "<!-- from here on written by tests/bench/page.py -->"
END = "<!-- to here -->"

CROSSINGS = {
    "b1": "B1 Python awaits C++, one after another",
    "b2": "B2 1,000 at once, gather",
    "b3": "B3 C++ awaits Python, one after another",
    "b4": "B4 1,000 at once",
    "b5_sequential": "B5 `sleep(0)`, one after another",
    "b5_at_once": "B5 1,000 at once",
    "b6_b1": "B6 B1 beside a computing thread",
    "b6_b3": "B6 B3 beside a computing thread",
    "b9_sequential": "B9 there and back, one after another",
    "b9_at_once": "B9 1,000 at once",
}


@dataclass(frozen=True)
class Line:
    """A figure of ours, those of others (the best of several configurations), and what it must come to."""

    title: str
    bench: str
    unit: str
    beside: tuple[tuple[str, tuple[str, ...]], ...]
    target: str
    ours: str = ASYNCIO


PYTHON = ("python asyncio",)


def grown(size: int) -> Line:
    """Beside those that get that far."""
    name = growth_name(size)
    there = {run.label for bench in BENCHES if bench.name == name for run in bench.runs}
    beside = tuple(each for each in (("Rust", EVERY_RUST), ("asyncio", PYTHON)) if there.intersection(each[1]))
    return Line(f"B15 {size:,} in flight, us an await", name, TIME.unit, beside, "flat from 1,000")


OTHERS = (
    Line("B6 p99 of B1, us", "b6_b1", P99.unit, (("Rust", EVERY_RUST),), "≤ 50 in Q"),
    Line(
        "B6 a computing thread, us an iteration, spin on",
        "b6_burner",
        "us an iteration",
        (("spin off", (f"{ASYNCIO} spin=off",)),),
        "≤ 1.02 of it",
        f"{ASYNCIO} spin=adaptive",
    ),
    *(
        Line(
            title,
            "b7",
            unit,
            (("Rust", EVERY_RUST), ("with a timerfd", way("timerfd")), ("libuv alone", ("limit timerfd",))),
            bound,
        )
        for title, unit, bound in (
            ("B7 lateness of a 1 ms C++ timer, p50, us", P50.unit, "≤ 100 in Q"),
            ("B7 p99, us", P99.unit, "≤ 350 in Q"),
        )
    ),
    Line(
        "B8 bytes of an await in flight, Python awaits C++",
        "b8_python_awaits",
        "bytes",
        (("Rust", EVERY_RUST), ("a plain Future", PYTHON)),
        "≤ 380",
    ),
    Line("B8 C++ awaits Python", "b8_native_awaits", "bytes", (("Rust", EVERY_RUST), ("a Task", PYTHON)), "≤ a Task's"),
    Line(
        "B10 hello, ms, finalised in full",
        "b10",
        PROCESS_TIME.unit,
        (("`python3 -c`", ("python -c",)), ("embedded", ("embedded python -c",)), ("Rust, finalised", way("full"))),
        "≤ 1.1 of `python3`",
        f"{ASYNCIO} full",
    ),
    Line(
        "B11 a stream item, Python to C++, us",
        "b11_python_to_native",
        TIME.unit,
        (("Rust v1", way("v1")), ("v2", way("v2"))),
        "≥ 20, ≥ 5 times better",
    ),
    Line(
        "B11 C++ to Python, us",
        "b11_native_to_python",
        TIME.unit,
        (("Rust", EVERY_RUST), ("by hand", way("async_fn"))),
        "-",
    ),
    Line(
        "B12 inline start, us",
        "b12",
        TIME.unit,
        (("`await` of a Python coroutine", PYTHON), ("embedded", ("embedded python",)), ("PyO3", EVERY_RUST)),
        "≤ 1.3 of it",
    ),
    Line("B13 wake-ups in ten idle seconds", "b13_idle", "wake-ups", (("asyncio", PYTHON),), "0"),
    Line("B13 CPU us a crossing, at one a ms", "b13_paced", CPU_TIME.unit, (("Rust", EVERY_RUST),), "≤ 30"),
    Line(
        "B14 lateness of a 1 ms asyncio timer beside B1, p99, us",
        "b14_fair",
        P99.unit,
        (("Rust", EVERY_RUST),),
        "≤ 250",
    ),
    Line(
        "B14 the same beside a flood of both kinds",
        "b14_flood",
        P99.unit,
        (("asyncio alone, as many tasks", PYTHON),),
        "≤ its",
    ),
    Line(
        "B14 plain asyncio work, us",
        "b14_plain",
        TIME.unit,
        (("`python3`", PYTHON), ("embedded", ("embedded python",))),
        "not slower",
    ),
    *(grown(size) for size in (1, 1_000, 100_000, 1_000_000)),
    *(
        Line(
            f"B16 a timer while {size:,} wait, us",
            timers_name(size),
            TIME.unit,
            (("libuv's", ("limit uv_timer",)),),
            "≤ libuv's",
        )
        for size in TIMERS
    ),
)


class Medians:
    """Of the rows, by bench, regime, configuration and unit."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.known = {(row.bench, row.regime, row.config, row.unit): row.median for row in rows}

    def best(self, bench: str, regime: str, configs: Sequence[str], unit: str = TIME.unit) -> float | None:
        found = [self.known[key] for config in configs if (key := (bench, regime, config, unit)) in self.known]
        return min(found) if found else None

    def cell(self, bench: str, configs: Sequence[str], unit: str = TIME.unit) -> str:
        return both(self.best(bench, regime, configs, unit) for regime in REGIMES)

    def times_better(self, bench: str, ours: str, others: Sequence[str]) -> list[float | None]:
        ratios: list[float | None] = []
        for regime in REGIMES:
            mine, theirs = self.best(bench, regime, (ours,)), self.best(bench, regime, others)
            ratios.append(None if mine is None or theirs is None else theirs / mine)
        return ratios


def shown(figure: float | None) -> str:
    """As in a terminal, but two digits behind the point below one."""
    if figure is None:
        return "-"
    return number(figure) if figure >= 1 else f"{figure:.2f}"


def both(figures: Iterable[float | None]) -> str:
    return " / ".join(shown(figure) for figure in figures)


def verdicts(bench: str, ratios: Sequence[float | None]) -> str:
    """The bounds of both regimes, and whether they hold."""
    bounds = [TIMES_BETTER[bench][regime] for regime in REGIMES]
    marks = ["" if ratio is None else " ✓" if ratio >= bound else " ✗" for ratio, bound in zip(ratios, bounds)]
    return " / ".join(f"{bound:,g}{mark}" for bound, mark in zip(bounds, marks))


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines)]


def crossings(medians: Medians) -> list[str]:
    head = (
        "us, Q / 1C",
        "ours",
        "best Rust",
        "times better",
        "target",
        "times better than Rust on asyncio",
        "ours on uvloop: times better than Rust there",
        "tuned Rust",
    )
    tuned = tuple(f"{config.name} tuned" for config in BEST_TUNED)
    lines = []
    for bench, title in CROSSINGS.items():
        better = medians.times_better(bench, ASYNCIO, EVERY_RUST)
        lines.append(
            (
                title,
                medians.cell(bench, (ASYNCIO,)),
                medians.cell(bench, EVERY_RUST),
                both(better),
                verdicts(bench, better),
                both(medians.times_better(bench, ASYNCIO, on("asyncio"))),
                both(medians.times_better(bench, UVLOOP, on("uvloop"))),
                medians.cell(bench, tuned),
            )
        )
    return table(head, lines)


def others(medians: Medians) -> list[str]:
    lines = []
    for line in OTHERS:
        beside = ", ".join(f"{name} {medians.cell(line.bench, configs, line.unit)}" for name, configs in line.beside)
        lines.append((line.title, medians.cell(line.bench, (line.ours,), line.unit), beside or "-", line.target))
    return table(("", "ours, Q / 1C", "beside it", "target"), lines)


def render(rows: Iterable[Row], ratios: Iterable[Ratio], rounds: int) -> str:
    """What stands between the marks."""
    medians = Medians(rows)
    hold, fail, missing = counted(ratios)
    asked = hold + fail + missing
    said = f"Medians of {rounds} rounds of one run. {hold} of {asked} bounds hold (`./dev bench` says which)."
    return "\n".join((said, "", *crossings(medians), "", *others(medians)))


def put(page: str, rendered: str) -> str:
    """The page with that between its marks; a ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN!r} with {END!r} behind it")
    return f"{before}{BEGIN}\n\n{rendered}\n\n{END}{after}"
