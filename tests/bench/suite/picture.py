# tests/bench/suite/picture.py: the growth of an await's cost with the number in flight, as SVG.
# SPDX-License-Identifier: MIT
"""Both axes are logarithmic; one panel for each regime, with the same axes."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from .model import ONE_CPU, TIME, TWO_CPUS
from .plan import GROWTH_CONFIGS, SIZES, growth_name
from .report import Row

Point = tuple[float, float]

# What is ours stands out; a peer has one colour, and its loops have different strokes.
COLOURS = {
    "ours": "#0b6e4f",
    "rust multi": "#c1440e",
    "rust current": "#e0912f",
    "nanobind": "#6b4fa0",
    "python": "#6b7280",
}
NAMES = {
    "ours": "pyasync",
    "rust multi": "Rust, many threads",
    "rust current": "Rust, one thread",
    "python": "Python alone",
}
PANELS = {TWO_CPUS: "two CPUs", ONE_CPU: "one CPU"}
WIDTH, HEIGHT = 1000, 540
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, GAP = 76, 150, 420, 316, 60
FONT = "font-family='system-ui, sans-serif'"


def draw(rows: Iterable[Row]) -> str:
    """The picture of what the rows of b15 say; series that were not measured are not in it."""
    medians = {(row.bench, row.regime, row.config): row.median for row in rows if row.unit == TIME.unit}
    series = {
        (config.name, regime): [
            (size, median) for size in SIZES if (median := medians.get((growth_name(size), regime, config.name)))
        ]
        for config in GROWTH_CONFIGS
        for regime in PANELS
    }
    costs = [cost for points in series.values() for _, cost in points] or [1.0]
    decades = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    if decades[0] == decades[1]:
        decades = decades[0], decades[1] + 1
    names = [config.name for config in GROWTH_CONFIGS if any(series[config.name, regime] for regime in PANELS)]
    body = [*_heading(), *_legend(names)]
    for index, (regime, title) in enumerate(PANELS.items()):
        panel = _Panel(LEFT + index * (PANEL_WIDTH + GAP), decades)
        body += panel.frame(title)
        for name in reversed(names):  # ours on top
            body += panel.line(series[name, regime], name)
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' "
            f"width='{WIDTH}' height='{HEIGHT}' {FONT}>",
            f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>",
            *body,
            "</svg>\n",
        ]
    )


def _style(name: str) -> tuple[str, str, float]:
    """Colour, dashes and width of a series."""
    kind = next((kind for kind in COLOURS if name.startswith(kind)), "python")
    dashes = "7 5" if name.endswith("uvloop") else "none"
    return COLOURS[kind], dashes, 3.5 if kind == "ours" else 2


def title_of(name: str) -> str:
    """What the legend calls a series."""
    kind, _, loop = name.rpartition(" ")
    return f"{NAMES.get(kind, kind)}, {loop}"


def _text(
    x: float, y: float, text: str, size: int = 13, anchor: str = "start", fill: str = "#374151", extra: str = ""
) -> str:
    look = f"font-size='{size}' text-anchor='{anchor}' fill='{fill}' {extra}".rstrip()
    return f"<text x='{x:g}' y='{y:g}' {look}>{escape(text)}</text>"


def _heading() -> list[str]:
    middle = TOP + PANEL_HEIGHT / 2
    return [
        _text(LEFT, 34, "What it costs Python to await native code", 21, fill="#111827", extra="font-weight='600'"),
        _text(
            LEFT,
            56,
            "microseconds an await, by how many are in flight; lower is better. Rust: pyo3-async-runtimes with tokio",
        ),
        _text(22, middle, "µs per await", anchor="middle", extra=f"transform='rotate(-90 22 {middle:g})'"),
        _text(LEFT + PANEL_WIDTH + GAP / 2, HEIGHT - 20, "awaits in flight at once", anchor="middle"),
    ]


def _legend(names: Sequence[str]) -> list[str]:
    shapes = []
    for index, name in enumerate(names):
        x, y = LEFT + index % 4 * 230, 84 + index // 4 * 20
        colour, dashes, width = _style(name)
        shapes.append(
            f"<line x1='{x}' y1='{y - 4}' x2='{x + 24}' y2='{y - 4}' stroke='{colour}' stroke-width='{width}' "
            f"stroke-dasharray='{dashes}'/>"
        )
        shapes.append(_text(x + 31, y, title_of(name), extra="font-weight='600'" if name.startswith("ours") else ""))
    return shapes


class _Panel:
    """One regime's."""

    def __init__(self, left: float, decades: tuple[int, int]) -> None:
        self._left = left
        self._low, self._high = decades

    def _x(self, size: float) -> float:
        return self._left + PANEL_WIDTH * math.log10(size) / math.log10(SIZES[-1])

    def _y(self, cost: float) -> float:
        return TOP + PANEL_HEIGHT * (self._high - math.log10(cost)) / (self._high - self._low)

    def frame(self, title: str) -> list[str]:
        right, bottom = self._left + PANEL_WIDTH, TOP + PANEL_HEIGHT
        shapes = [f"<rect x='{self._left}' y='{TOP}' width='{PANEL_WIDTH}' height='{PANEL_HEIGHT}' fill='#f9fafb'/>"]
        for decade in range(self._low, self._high + 1):
            y = self._y(10.0**decade)
            shapes.append(f"<line x1='{self._left}' y1='{y:g}' x2='{right}' y2='{y:g}' stroke='#d1d5db'/>")
            shapes.append(_text(self._left - 8, y + 4, f"{10.0**decade:,g}", 12, "end"))
        for size in SIZES:
            x = self._x(size)
            shapes.append(f"<line x1='{x:g}' y1='{TOP}' x2='{x:g}' y2='{bottom}' stroke='#e5e7eb'/>")
            label = f"{size:,}" if size < 10_000 else f"{size // 1000}k" if size < 1_000_000 else "1M"
            shapes.append(_text(x, bottom + 18, label, 12, "middle"))
        return [*shapes, _text(self._left, TOP - 10, title, 13, extra="font-weight='600'")]

    def line(self, points: Sequence[Point], name: str) -> list[str]:
        if not points:
            return []
        colour, dashes, width = _style(name)
        places = [(self._x(size), self._y(cost)) for size, cost in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dots = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{width:g}' fill='{colour}'/>" for x, y in places)
        return [
            f"<g><title>{escape(title_of(name))}</title><polyline points='{path}' fill='none' stroke='{colour}' "
            f"stroke-width='{width}' stroke-dasharray='{dashes}' stroke-linejoin='round'/>{dots}</g>"
        ]
