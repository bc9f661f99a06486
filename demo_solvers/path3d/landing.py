"""Landing: how low a held thing can be brought over what is seen, as height fields, and where it fits best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from demo_solvers.path3d.clouds import Array
from pipeline.core import poses

CELL = 0.004  # m of the height fields


class HeightField:
    """The highest seen point of every cell; the support's height where nothing stands."""

    def __init__(self, points: Array, *, floor: float, cell: float = CELL) -> None:
        self.floor, self.cell = floor, cell
        inside = points[points[:, 2] > floor] if len(points) else np.zeros((0, 3))
        self._low = inside[:, :2].min(axis=0) if len(inside) else np.zeros(2)
        cells = self._cells(inside)
        shape = cells.max(axis=0) + 1 if len(cells) else np.ones(2, int)
        self._top = np.full(shape, floor)
        if len(cells):
            np.maximum.at(self._top, tuple(cells.T), inside[:, 2])
            holes = self._top <= floor  # single cells between seen ones
            filled = ndimage.median_filter(self._top, 3)
            self._top = np.where(holes, filled, self._top)

    def under(self, points: Array) -> Array:
        """Heights (n,) m below points (n, >= 2)."""
        cells = self._cells(points)
        inside = ((cells >= 0) & (cells < self._top.shape)).all(axis=1)
        out = np.full(len(points), self.floor)
        out[inside] = self._top[tuple(cells[inside].T)]
        return out

    def _cells(self, points: Array) -> np.ndarray:
        return np.floor((points[:, :2] - self._low) / self.cell).astype(int)

    def rest(self, held: Array, tool: Array) -> float:
        """How far (m) what is ``held`` (n, 3), in the frame of ``tool`` (7,), can sink until it meets something."""
        points = poses.transform_points(tool, held)
        return float((points[:, 2] - self.under(points)).min())


def lowest(
    field: HeightField, held: Array, tools: Sequence[Array], *, reach: float, step: float = 0.003
) -> tuple[Array, float]:
    """The tool pose, of ``tools`` shifted sideways by up to ``reach`` m, from which a held thing sinks the deepest.

    Nearer ones win where it makes no difference of more than a millimetre or two. Returns it and how far it sinks.
    """
    offsets = np.arange(-reach, reach + step / 2, step)
    best: tuple[float, Array, float] | None = None
    for tool in tools:
        for dx in offsets:
            for dy in offsets:
                moved = tool + np.array([dx, dy, 0, 0, 0, 0, 0])
                sinks = field.rest(held, moved)
                worth = sinks - 0.2 * float(np.hypot(dx, dy))
                if best is None or worth > best[0] + 1e-9:
                    best = worth, moved, sinks
    assert best is not None
    return best[1], best[2]
