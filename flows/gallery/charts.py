"""Charts: lines over a count as inline SVG, drawn with numbers alone; colours and labels' looks come from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = 8  # of lines, ``--s0`` and so on in the page's style; further ones are dashed
POINTS = 60  # of a line, at most: more cannot be told apart
WIDTH, HEIGHT = 640, 190  # of a large chart [units of its view]
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 8, 22  # margins for labels
SMALL_WIDTH, SMALL_HEIGHT = 160, 44  # of a small one, without labels


@dataclass(frozen=True)
class Line:
    """Values over counts, both as long; values that are no finite numbers are left out."""

    name: str
    counts: Sequence[float]
    values: Sequence[float]
    colour: int = 0


def shares_chart(lines: Sequence[Line], *, label: str, unit: str) -> str:
    """Shares in [0, 1] as percent over counts of ``unit``; ``label`` says what is seen."""
    most = max((line.counts[-1] for line in lines if line.counts), default=0.0) or 1.0
    box = _Box(LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, (0.0, most), (0.0, 1.0))
    grid = "".join(_level(box, share) for share in (0.0, 0.5, 1.0))
    marks = "".join(_mark(box, most * part, unit if part == 1 else "") for part in (0.0, 0.5, 1.0))
    drawn = "".join(_line(box, line) for line in lines)
    return _svg(WIDTH, HEIGHT, label, grid + marks + drawn)


def small_chart(line: Line, *, label: str) -> str:
    """One line in its own range, with 0 marked where it is in it."""
    known = [v for v in line.values if math.isfinite(v)]
    low, high = min([*known, 0.0]), max([*known, 0.0])
    most = (line.counts[-1] if line.counts else 0.0) or 1.0
    box = _Box(1, SMALL_WIDTH - 1, 3, SMALL_HEIGHT - 3, (0.0, most), (low, high if high > low else low + 1.0))
    zero = f'<path class="axis" d="M1 {box.y(0.0):.1f}H{SMALL_WIDTH - 1}"/>'
    return _svg(SMALL_WIDTH, SMALL_HEIGHT, label, zero + _line(box, line))


def looks(line: Line) -> str:
    """Classes of a line, for it and for its place in a legend."""
    return f"s{line.colour % COLOURS}" + (" again" if line.colour >= COLOURS else "")


def thousands(count: float) -> str:
    """As 0, 800, 64k and 1.2M."""
    if count >= 1e6:
        return f"{count / 1e6:.3g}M"
    return f"{count / 1e3:.3g}k" if count >= 1e3 else f"{count:.0f}"


@dataclass(frozen=True)
class _Box:
    """Where a chart's ranges lie in its view."""

    left: float
    right: float
    top: float
    bottom: float
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, count: float) -> float:
        low, high = self.across
        return self.left + (count - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        low, high = self.up
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def _line(box: _Box, line: Line) -> str:
    points = [(box.x(c), box.y(v)) for c, v in _thinned(line)]
    if not points:
        return ""
    said = f"<title>{escape(line.name)}</title>"
    if len(points) == 1:
        return f'<circle class="{looks(line)}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3">{said}</circle>'
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{looks(line)}" points="{told}">{said}</polyline>'


def _thinned(line: Line) -> list[tuple[float, float]]:
    """At most POINTS points, each the mean of its neighbours."""
    known = [(c, v) for c, v in zip(line.counts, line.values, strict=True) if math.isfinite(v)]
    size = max(1, math.ceil(len(known) / POINTS))
    groups = [known[i : i + size] for i in range(0, len(known), size)]
    return [(group[-1][0], sum(v for _, v in group) / len(group)) for group in groups]


def _level(box: _Box, share: float) -> str:
    y = box.y(share)
    label = f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>'
    return f'<path class="axis" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>{label}'


def _mark(box: _Box, count: float, unit: str) -> str:
    anchor = "start" if count == 0 else "end" if unit else "middle"
    words = f"{thousands(count)} {unit}".strip()
    return f'<text x="{box.x(count):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(width: int, height: int, label: str, inside: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}">{inside}</svg>'
    )
