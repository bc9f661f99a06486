"""The support: the table's plane as it is seen, what is painted on it, and whether the cameras agree about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud, lab
from demo_solvers.path3d.segments import labelled
from pipeline.core.world import Bools

SEARCHED = 0.06  # m above and below the robot's foot, where the table can be
BIN = 0.002  # m of the histogram of heights
ON_PLANE = 0.0045  # m off the plane, and still of it
LEAST = 300  # points of a plane
TILT, SHIFT = np.deg2rad(2.0), 0.015  # rad and m by which a camera may see the table off from where the others do
PAINT = 14.0  # of CIE Lab between paint and table
CELL = 0.006  # m of the grid in which paint is looked for
LEAST_PAINT = 0.0015  # m^2


@dataclass(frozen=True, eq=False)
class Support:
    """A level plane at ``height`` m, and the colour (3,) Lab of most of it."""

    height: float
    colour: Array

    def above(self, cloud: Cloud, clearance: float = ON_PLANE) -> Bools:
        """Which points stand higher than ``clearance`` m over it."""
        return cloud.points[:, 2] > self.height + clearance

    def of(self, cloud: Cloud) -> Bools:
        """Which points lie in it."""
        return np.abs(cloud.points[:, 2] - self.height) <= ON_PLANE


def find_support(cloud: Cloud, foot: float) -> Support | None:
    """The level plane that most points within SEARCHED m of the height ``foot`` lie in; None if hardly any do."""
    z = cloud.points[:, 2]
    near = np.abs(z - foot) < SEARCHED
    if near.sum() < LEAST:
        return None
    count, edges = np.histogram(z[near], bins=np.arange(foot - SEARCHED, foot + SEARCHED + BIN, BIN))
    peak = edges[int(np.argmax(count))] + BIN / 2
    level = near & (np.abs(z - peak) < ON_PLANE)
    if level.sum() < LEAST:
        return None
    return Support(float(np.median(z[level])), np.median(lab(cloud.colours[level]), axis=0))


def disagreement(cloud: Cloud, foot: float) -> tuple[float, float] | None:
    """How one camera sees the table: its tilt [rad] and its height over ``foot`` [m]; None where it sees none."""
    near, normal = cloud.points[np.abs(cloud.points[:, 2] - foot) < SEARCHED], np.array([0.0, 0.0, 1.0])
    for _ in range(3):
        if len(near) < LEAST:
            return None
        centre = near.mean(axis=0)
        normal = np.linalg.svd(near - centre, full_matrices=False)[2][2]
        off = np.abs((near - centre) @ normal)
        near = near[off <= max(2.0 * np.median(off), ON_PLANE / 2)]
    normal = normal if normal[2] > 0 else -normal
    return float(np.arccos(np.clip(normal[2], -1, 1))), float(near[:, 2].mean() - foot)


def paint(cloud: Cloud, support: Support) -> list[Cloud]:
    """Patches of the table that are coloured unlike the rest of it, the largest first."""
    on = cloud.of(support.of(cloud))
    other = np.linalg.norm((lab(on.colours) - support.colour) * (0.5, 1.0, 1.0), axis=1) > PAINT
    on = on.of(other)
    if not len(on):
        return []
    cells = np.floor(on.points[:, :2] / CELL).astype(int)
    cells -= cells.min(axis=0) - 1
    grid = np.zeros(cells.max(axis=0) + 2, bool)
    grid[tuple(cells.T)] = True
    labels = labelled(grid)
    mine = labels[tuple(cells.T)]
    area = np.bincount(labels[grid]) * CELL**2
    wanted = [k for k in np.argsort(-area) if k and area[k] >= LEAST_PAINT]
    return [on.of(mine == k) for k in wanted]
