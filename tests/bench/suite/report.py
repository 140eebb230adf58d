# tests/bench/suite/report.py: rows, ratios, and the file that holds them.
# SPDX-License-Identifier: MIT
"""What the rounds have measured becomes rows, and rows become ratios."""

import json
import os
import platform
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .model import Sense, Target
from .rounds import Outcome


@dataclass(frozen=True)
class Row:
    """A figure of a configuration, over the rounds of one bench in one regime."""

    bench: str
    regime: str
    config: str
    unit: str
    median: float
    min: float
    max: float
    n: int
    thrown_away: int = 0  # rounds in which others used too much CPU
    noisy: bool = False  # some such rounds had to be kept
    others_cpu: float = 0.0  # the most that others used in a kept round, in CPUs


@dataclass(frozen=True)
class Ratio:
    """A target and what it has come to; `holds` is None where there is nothing to hold, or nothing measured."""

    bench: str
    regime: str
    ours: str
    other: str
    ratio: float | None
    target: float | None
    holds: bool | None
    unit: str
    sense: str
    noisy: bool = False
    note: str = ""


@dataclass
class Results:
    """All of a run."""

    host: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    quick: bool = False
    rounds: int = 0
    left_out: dict[str, str] = field(default_factory=dict)  # a program, or a run of it: why
    errors: list[str] = field(default_factory=list)

    def write(self, file: Path) -> None:
        """As JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def host() -> dict[str, Any]:
    """The machine, without its name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def rows_of(outcome: Outcome) -> list[Row]:
    """A row for each configuration and figure."""
    rows = []
    for run in outcome.bench.runs:
        all_measured = outcome.measured.get(run.label)
        if not all_measured:
            continue
        for figure in outcome.bench.figures:
            numbers = [figure.of(measured) for measured in all_measured]
            rows.append(
                Row(
                    outcome.bench.name,
                    outcome.regime,
                    run.label,
                    figure.unit,
                    significant(statistics.median(numbers)),
                    significant(min(numbers)),
                    significant(max(numbers)),
                    len(numbers),
                    outcome.thrown_away,
                    outcome.noisy,
                    round(outcome.others_cpu, 3),
                )
            )
    return rows


def significant(number: float) -> float:
    """Six digits of it."""
    return float(f"{number:.6g}")


def ratios_of(targets: Iterable[Target], rows: Sequence[Row], benches: Collection[str]) -> list[Ratio]:
    """Every target of the benches that were to be measured."""
    by_key = {(row.bench, row.regime, row.config, row.unit): row for row in rows}
    ratios = []
    for target in targets:
        if target.bench in benches and (target.other_bench or target.bench) in benches:
            ratios += [_ratio(target, regime, by_key) for regime in target.regimes]
    return ratios


def _ratio(target: Target, regime: str, rows: dict[tuple[str, str, str, str], Row]) -> Ratio:
    bench = target.other_bench or target.bench
    bound = target.bounds.get(regime)
    ours = rows.get((target.bench, regime, target.ours, target.unit))
    others = [row for name in target.others if (row := rows.get((bench, regime, name, target.unit)))]
    absent = [name for name in target.others if (bench, regime, name, target.unit) not in rows]

    def made(other: str, ratio: float | None = None, noisy: bool = False, note: str = "") -> Ratio:
        holds = None
        if ratio is not None and bound is not None:
            holds = ratio >= bound if target.sense is Sense.TIMES_BETTER else ratio <= bound
        rounded = None if ratio is None else significant(ratio)
        return Ratio(
            target.bench, regime, target.ours, other, rounded, bound, holds, target.unit, target.sense.sign, noisy, note
        )

    if target.sense is Sense.AT_MOST:
        return (
            made("absolute", ours.median, ours.noisy) if ours else made("absolute", note=f"not measured: {target.ours}")
        )
    if ours is None or absent:  # the best of fewer than all would flatter
        missing = ([] if ours else [target.ours]) + absent
        return made(" | ".join(target.others), note=f"not measured: {', '.join(missing)}")
    best = min(others, key=lambda row: row.median)
    noisy = ours.noisy or best.noisy
    other = f"{best.config} ({bench})" if target.other_bench else best.config
    if target.sense is Sense.TIMES_BETTER:
        # What is too small to measure is taken for the smallest there is.
        return made(other, best.median / max(ours.median, 1e-3), noisy)
    return made(other, ours.median / max(best.median, 1e-3), noisy)


def counted(ratios: Iterable[Ratio]) -> tuple[int, int, int]:
    """How many targets hold, how many do not, and how many were not measured."""
    asked = [ratio for ratio in ratios if ratio.target is not None]
    hold = sum(ratio.holds is True for ratio in asked)
    fail = sum(ratio.holds is False for ratio in asked)
    return hold, fail, len(asked) - hold - fail
