"""Landing: how low a held thing can be brought over what is seen, as height fields, and where it fits best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from demo_solvers.path3d.clouds import Array
from pipeline.core import poses

CELL = 0.004  # m of the height fields
EVEN = 0.002  # m by which depths may differ and count as the same


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

    Of the shifts at which it sinks as deep, within 2 mm, it is the middle one. Returns the pose and how far it sinks.
    """
    axis = np.arange(-reach, reach + step / 2, step)
    shifts = np.array(sorted(((dx, dy) for dx in axis for dy in axis), key=lambda s: float(np.hypot(*s))))
    best: tuple[float, Array, Array] | None = None
    for tool in tools:
        sinks = np.array([field.rest(held, _shifted(tool, shift)) for shift in shifts])
        if best is None or sinks.max() > best[0] + EVEN:
            best = float(sinks.max()), tool, sinks
    assert best is not None
    deepest, tool, sinks = best
    level = shifts[sinks > deepest - EVEN]
    middle = level[int(np.argmin(np.linalg.norm(level - level.mean(axis=0), axis=1)))]
    found = _shifted(tool, middle)
    return found, field.rest(held, found)


def _shifted(tool: Array, shift: Array) -> Array:
    return np.concatenate([tool[:2] + shift, tool[2:]])
