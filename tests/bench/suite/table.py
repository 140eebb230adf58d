# tests/bench/suite/table.py: the results for people who read them in a terminal.
# SPDX-License-Identifier: MIT
"""A table for each bench, both regimes side by side, and what its targets have come to below it."""

from collections.abc import Iterable, Sequence

from .model import REGIMES, Bench
from .report import Ratio, Results, Row, counted

NOISY = "~"
LEGEND = (
    "Medians of {rounds} rounds, (least-most); us, cpu us: microseconds of time and of CPU, an operation.",
    "Q: two CPUs, threads unpinned; 1C: the whole process pinned to one CPU.",
    f"{NOISY}: other processes used more CPU than they should, in every attempt.",
)


def render(results: Results, benches: Sequence[Bench]) -> str:
    """All of it, with a count of what holds as its last line."""
    parts = ["\n".join(LEGEND).format(rounds=results.rounds)]
    if results.quick:
        parts[0] += "\nA quick run: the figures mean nothing, only that everything runs and every check passes."
    for bench in benches:
        rows = [row for row in results.rows if row.bench == bench.name]
        ratios = [ratio for ratio in results.ratios if ratio.bench == bench.name]
        parts.append("\n".join([f"{bench.name}: {bench.title}", *_figures(bench, rows), *_targets(ratios)]))
    parts += [f"left out: {name}: {reason}" for name, reason in results.left_out.items()]
    parts += [f"BROKEN: {error}" for error in results.errors]
    hold, fail, missing = counted(results.ratios)
    parts.append(
        f"{hold} of {hold + fail + missing} targets hold, {fail} do not, {missing} were not measured"
        + (f"; {len(results.errors)} runs are broken" if results.errors else "")
    )
    return "\n\n".join(parts)


def number(figure: float) -> str:
    """Three digits of it, and all of those before the point."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _figures(bench: Bench, rows: Sequence[Row]) -> list[str]:
    """The first figure of a regime comes with its extremes, the others without."""
    by_key = {(row.regime, row.config, row.unit): row for row in rows}
    units = [figure.unit for figure in bench.figures]
    columns = [(regime, unit) for regime in REGIMES for unit in units]
    table = [["", *(f"{regime}: {unit}" if unit == units[0] else unit for regime, unit in columns)]]
    for run in bench.runs:
        cells = [by_key.get((regime, run.label, unit)) for regime, unit in columns]
        if any(cells):
            shown = [_cell(row, unit == units[0]) for row, (_, unit) in zip(cells, columns, strict=True)]
            table.append([run.label, *shown])
    if len(table) == 1:
        return []
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
    ]


def _cell(row: Row | None, with_extremes: bool) -> str:
    if row is None:
        return "-"
    mark = NOISY if row.noisy else ""
    if not with_extremes or row.n == 1:
        return mark + number(row.median)
    return f"{mark}{number(row.median)} ({number(row.min)}-{number(row.max)})"


def _targets(ratios: Iterable[Ratio]) -> list[str]:
    return [f"  {ratio.regime:2}  {_verdict(ratio):12}  {_comparison(ratio)}" for ratio in ratios]


def _verdict(ratio: Ratio) -> str:
    if ratio.ratio is None:
        return "not measured"
    return {True: "holds", False: "MISSED", None: ""}[ratio.holds]


def _comparison(ratio: Ratio) -> str:
    figure = "" if ratio.ratio is None else f" {NOISY if ratio.noisy else ''}{number(ratio.ratio)}"
    if ratio.other == "absolute":
        said = f"{ratio.ours}, {ratio.unit}{figure and f':{figure}'}"
    elif ratio.ratio is None:
        said = f"{ratio.ours}, {ratio.unit}, against {_best_of(ratio.other)}"
    elif ratio.sense == ">=":
        said = f"{ratio.ours}, {ratio.unit}:{figure} times better than {ratio.other}"
    else:
        said = f"{ratio.ours}, {ratio.unit}:{figure} of {ratio.other}"
    return said if ratio.target is None else f"{said} (target {ratio.sense} {number(ratio.target)})"


def _best_of(others: str) -> str:
    """Those that were not measured, in a few words."""
    names = others.split(" | ")
    return names[0] if len(names) == 1 else f"the best of {names[0]} and {len(names) - 1} more"
