"""What is in the hand: its points in the tool's frame, from before it was taken and from views of the hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud, tree_of
from demo_solvers.path3d.segments import components
from pipeline.core import poses
from pipeline.core.world import Bools

NEAR = 0.30  # m about the tool in which points can be of what is held
OF_OTHERS = 0.012  # m about what it was taken from, in which points are not of what is held
CONNECTED = 0.010  # m
OFF_FLOOR = 0.010  # m
GRAIN = 0.004  # m between points that are kept


@dataclass
class Carried:
    """A thing in the hand and what it touched when it was taken."""

    name: str
    points: Array  # (n, 3) m, in the tool's frame
    taken_from: Array  # (m, 3) m, world

    def at(self, tool: Array) -> Array:
        """Where its points (n, 3) are with the tool at (7,)."""
        return poses.transform_points(tool, self.points)

    def learn(self, seen: Cloud, tool: Array) -> None:
        """Add what ``seen`` shows of it, with the tool at (7,): points that hang together with those known."""
        known = self.at(tool)
        near = seen.points[np.linalg.norm(seen.points - tool[:3], axis=1) < NEAR]
        near = near[~seen_in(near, self.taken_from, OF_OTHERS)]
        floor = seen.points[:, 2].min() if len(seen) else 0.0
        near = near[near[:, 2] > floor + OFF_FLOOR]
        if len(near):
            mine = components(np.concatenate([known, near]), CONNECTED)
            near = near[np.isin(mine[len(known) :], np.unique(mine[: len(known)]))]
        local = poses.transform_points(poses.inverse(tool), np.concatenate([known, near]))
        first = np.unique(np.round(local / GRAIN).astype(int), axis=0, return_index=True)[1]
        self.points = local[np.sort(first)]


def seen_in(points: Array, cloud: Array, radius: float = 0.003) -> Bools:
    """Which of ``points`` (n, 3) lie within ``radius`` m of a cloud (m, 3)."""
    if not len(points) or not len(cloud):
        return np.zeros(len(points), bool)
    distance, _ = tree_of(cloud).query(points, distance_upper_bound=radius)
    return np.isfinite(distance)
