"""The surfaces that the arm works on, the part of them that it reaches, and free places there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Unplaceable
from pipeline.core.poses import Array, pose, quat_from_yaw, transform_points
from pipeline.core.robot import RobotSpec
from scene_gen.footprint import Rectangle, bottom, footprint, free

X_RANGE = (0.30, 0.65)  # m for a Panda; nearer than 0.30 the elbow folds onto the hand
Y_RANGE = (-0.35, 0.35)  # m
REACH = 0.70  # m from the base: a top-down grasp at table height stays solvable for a Panda at every yaw
PANDA_REACH = 0.80  # m: the usable radius on the Panda's card, for which the three above were found
ELSEWHERE = 0.25  # of the reach: an arm that stands farther off the robot's base has a ring of its own
LARGEST = 1.25  # times a Panda: the table ends there
CLEARANCE = 0.04  # m between footprints: an open finger (2 cm thick) fits between with 1 cm on each side
DROP = 0.001  # m above the surface at which free objects start; they settle on it
TRIES = 200


@dataclass(frozen=True)
class Workspace:
    """What the hand gets to from above: a part of a ring around the robot's base, in the world frame."""

    x_range: tuple[float, float] = X_RANGE
    y_range: tuple[float, float] = Y_RANGE
    reach: float = REACH
    origin: tuple[float, float] = (0.0, 0.0)
    """Where the first arm stands [m]: off the robot's base when several arms stand around a table."""

    @staticmethod
    def of(robot: RobotSpec) -> Workspace:
        """The Panda's, scaled by the robot's reach."""
        size = min(robot.reach / PANDA_REACH, LARGEST)
        (x0, x1), (y0, y1) = X_RANGE, Y_RANGE
        x, y, *_ = robot.arm[0].origin
        origin = (x, y) if np.hypot(x, y) > ELSEWHERE * robot.reach else (0.0, 0.0)
        return Workspace((x0 * size, x1 * size), (y0 * size, y1 * size), REACH * size, origin)

    @property
    def size(self) -> float:
        """How many times as far as a Panda's."""
        return self.reach / REACH

    @property
    def radius(self) -> float:
        """How far [m] the hand gets at all, the usable radius on the robot's card for arms up to the largest."""
        return PANDA_REACH * self.size

    def reachable(self, x: float, y: float) -> bool:
        """Whether the hand gets to a point of the work surface from above."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        away = self._away(x, y)
        folded = self.origin != (0.0, 0.0) and away < x0  # else the range sees to it
        return x0 <= x <= x1 and y0 <= y <= y1 and away <= self.reach and not folded

    def near(self, x: float, y: float) -> bool:
        """Whether the hand gets to a point outside the layout's ranges: anywhere in the ring."""
        return self.x_range[0] * 0.8 <= self._away(x, y) <= self.reach

    def _away(self, x: float, y: float) -> float:
        return float(np.hypot(x - self.origin[0], y - self.origin[1]))


def kept_by(robot: RobotSpec) -> tuple[Rectangle, ...]:
    """What the robot takes of the table: around the first axis of each arm, as far as the link turns that it moves.

    Seen from above, by the collision spheres of the card, over the heights that they span.
    """
    kept = list[Rectangle]()
    for group in robot.arms:
        spheres = np.array(robot.spheres.get(group.arm[0].link, ()), float).reshape(-1, 4)
        if len(spheres):
            at = transform_points(np.array(group.arm[0].origin), spheres[:, :3])
            x, y, *_ = group.arm[0].origin
            half = float((np.hypot(at[:, 0] - x, at[:, 1] - y) + spheres[:, 3]).max())
            low, high = float((at[:, 2] - spheres[:, 3]).min()), float((at[:, 2] + spheres[:, 3]).max())
            kept.append(Rectangle(x, y, 0.0, half, half, low, high))
    return tuple(kept)


@dataclass(frozen=True)
class Surface:
    """A level place to stand on: the body it belongs to and the area where things may stand, at ``area.low``."""

    body: str
    area: Rectangle

    @property
    def height(self) -> float:
        """Height [m] in the world frame."""
        return self.area.low


def standing(asset: AssetSpec, xy: ArrayLike, yaw: float, *, height: float = 0.0) -> Array:
    """``T_world_base`` (7,) of an asset that stands at a height; regions and fixtures exactly on it."""
    x, y = np.asarray(xy, float)
    lift = 0.0 if asset.fixed else DROP
    return pose((x, y, height + lift - bottom(asset.links[""])), quat_from_yaw(yaw))


def sample_free(
    name: str,
    asset: AssetSpec,
    taken: Sequence[Rectangle],
    stream: np.random.Generator,
    *,
    surface: Surface,
    workspace: Workspace,
    clearance: float = CLEARANCE,
) -> Array:
    """A random reachable pose (7,) on a surface that keeps its clearance; raises :class:`Unplaceable`."""
    low, high = sampling_range(surface, workspace)
    for _ in range(TRIES if (low < high).all() else 0):
        x, y = stream.uniform(low[0], high[0]), stream.uniform(low[1], high[1])
        at = standing(asset, (x, y), float(stream.uniform(-np.pi, np.pi)), height=surface.height)
        stands = footprint(asset, at)
        if within_reach(surface, workspace, x, y) and surface.area.holds(stands) and free(stands, taken, clearance):
            return at
    raise Unplaceable(f"No free place on the {surface.body} for {name!r}; use smaller objects or fewer of them.")


def within_reach(surface: Surface, workspace: Workspace, x: float, y: float) -> bool:
    """Whether the hand gets to a point of the surface: of the table within the layout's ranges, else in the ring."""
    return workspace.reachable(x, y) if surface.body == "table" else workspace.near(x, y)


def sampling_range(surface: Surface, workspace: Workspace) -> tuple[Array, Array]:
    """Lowest and highest corner (2,), m, of the box around what the hand reaches of a surface."""
    corners = surface.area.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    if surface.body == "table":
        ranges = np.array([workspace.x_range, workspace.y_range])
        return np.maximum(low, ranges[:, 0]), np.minimum(high, ranges[:, 1])
    origin = np.array(workspace.origin)
    return np.maximum(low, origin - workspace.reach), np.minimum(high, origin + workspace.reach)
