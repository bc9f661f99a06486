"""Access: the way into a container that has a roof, through the opening that its door shuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.layout import SceneLayout
from pipeline.core.program import Stage
from pipeline.core.world import WorldState
from pipeline.holds import parse, true_of

LID = 0.7  # upward share of a door's pull from which on it is a lid, and the way in leads down
CLEAR = 0.03  # m before the opening at which what goes in is brought, besides its own size
LEAST, MOST = 0.05, 0.40  # m of the straight way in


@dataclass(frozen=True, eq=False)
class Entry:
    """The way out (batch, 3) of a container, unit vectors in the world, and where it ends, (batch,) m along it."""

    way: Array
    mouth: Array

    def shift(self, tool: Array, rows: NDArray[np.intp], *, size: float) -> Array:
        """How far (k, 3) m a tool (k, 7) is from where something ``size`` m in radius is all out."""
        inside = self.mouth[rows] - (tool[:, :3] * self.way[rows]).sum(axis=-1)
        return np.clip(inside + size + CLEAR, LEAST, MOST)[:, None] * self.way[rows]


def entry_into(world: WorldState, stage: Stage) -> Entry | None:
    """The way into what a stage puts something inside of; None where it is open at the top."""
    into = (r.anchor for r in stage.relations if r.predicate == "inside")
    return next((entry for container in into if (entry := entry_of(world, container)) is not None), None)


def entry_around(world: WorldState, body: str) -> Entry | None:
    """The way out of what a body is in, in some row; None where it is in nothing that has a roof."""
    for container in world.layout.geometry:
        if front(world.layout, container) is not None and true_of(parse(f"(inside {body} {container})"), world).any():
            return entry_of(world, container)
    return None


def entry_of(world: WorldState, container: str) -> Entry | None:
    """The way into a container with a door."""
    ahead, cavity = front(world.layout, container), world.layout.geometry[container].cavity
    if ahead is None or cavity is None:
        return None
    pose = world.body(container).astype(float)
    way = poses.quat_rotate(pose[:, 3:], ahead)
    mouth = poses.transform_points(pose, np.array([cavity.pose[:3]]) + ahead * np.array(cavity.half))[:, 0]
    return Entry(way, (mouth * way).sum(axis=-1))


def front(layout: SceneLayout, container: str) -> Array | None:
    """The direction (3,) in a container's frame in which its door opens; None without one, and under a lid."""
    if "/" in container or layout.geometry[container].cavity is None:
        return None
    doors = [b for b in layout.geometry if b.startswith(f"{container}/") and "hinge" in layout.geometry[b].axes]
    pulls = [np.array(layout.geometry[door].axes["pull"]) for door in doors if "pull" in layout.geometry[door].axes]
    return next((pull for pull in pulls if pull[2] < LID), None)


def moved(tool: Array, shift: Array) -> Array:
    """Tool poses (..., 7) moved by (..., 3) m in the world."""
    return poses.pose(tool[..., :3] + shift, tool[..., 3:])


Shift = Callable[[Array, NDArray[np.intp]], Array]
"""From tools (k, 7) in worlds ``rows`` (k,) to where the straight way to them begins: (k, 3) m from each."""


def shift_of(world: WorldState, stage: Stage, standoff: float) -> Shift:
    """Where the straight way to the place of a stage begins: ``standoff`` m above it, or out of the door."""
    entry, half = entry_into(world, stage), world.layout.geometry[stage.body].bounds.half
    if entry is None:
        return lambda tool, rows: np.tile((0.0, 0.0, standoff), (len(tool), 1))
    return lambda tool, rows: entry.shift(tool, rows, size=float(max(half[:2])))
