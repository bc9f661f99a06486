"""What a stage wishes of a grasp: from which direction, on which part of the body, how deep, which one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.planning.arm import Array
from demo_solvers.planning.scale import sized
from demo_solvers.skill import Settings
from pipeline.core import poses
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Vec3
from pipeline.core.program import Stage
from pipeline.core.robot import RobotSpec
from pipeline.core.world import Bools

APPROACHES = ("any", "down", "side")
REGIONS = ("any", "top", "middle", "bottom", "rim", "handle")
STANDOFF = 0.10  # m, pre-grasp distance along the approach
SLANT = np.cos(np.deg2rad(45.0))  # a direction within 45 degrees of another counts as it
AT_POINT = 0.045  # m between the fingertips and a keypoint that they work at
RIM_DEPTH = 0.035  # m below a cavity's opening that still is its rim
FARTHEST = 0.15  # m from a keypoint beyond which all grasps are equally far
LETTERS: dict[str, Vec3] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
"""Axes that every body has besides those of its card: the ones of its frame."""


@dataclass(frozen=True)
class GraspWish:
    """What is asked of a grasp; the default asks for nothing.

    ``keypoint`` only ranks, everything else rules out. ``skip`` leaves out so many grasps that would do, best first.
    """

    approach: str = "any"
    region: str = "any"
    keypoint: str | None = None
    axis: str | None = None
    depth: float = 0.0
    skip: int = 0
    standoff: float = STANDOFF
    lift: float = 0.0

    @staticmethod
    def of(stage: Stage, robot: RobotSpec) -> GraspWish:
        """What a pick stage asks for; a robot that reaches less far stands off less where nothing is said."""
        settings = Settings(stage)
        return GraspWish(
            approach=settings.word("approach"),
            region=settings.word("region"),
            keypoint=stage.keypoint,
            axis=stage.axis,
            depth=settings.number("depth"),
            skip=round(settings.number("skip")),
            standoff=sized(settings, stage, "standoff", robot),
            lift=sized(settings, stage, "lift", robot),
        )

    def __str__(self) -> str:
        words = [
            f"approach {self.approach}" if self.approach != "any" else "",
            f"region {self.region}" if self.region != "any" else "",
            f"along {self.axis}" if self.axis else "",
            f"{self.skip} left out" if self.skip else "",
        ]
        return ", ".join(filter(None, words))

    def allows(self, geometry: BodyGeometry, local: Array, tool: Array) -> Bools:
        """Which grasps (batch, n), ``local`` (n, 7) in the body's frame and ``tool`` (batch, n, 7) in the world, do."""
        down = -poses.quat_rotate(tool[..., 3:], np.array([0.0, 0.0, 1.0]))[..., 2]
        allowed = {"any": np.ones(down.shape, bool), "down": down >= SLANT, "side": np.abs(down) < SLANT}[self.approach]
        if self.axis is not None:
            along = poses.quat_rotate(local[:, 3:], np.array([0.0, 0.0, 1.0])) @ np.array(_axis(geometry, self.axis))
            allowed = allowed & (np.abs(along) >= SLANT)
        return allowed & _in_region(geometry, local[:, :3], self.region)

    def cost(self, geometry: BodyGeometry, local: Array) -> Array:
        """What (n,) in [0, 1] speaks against grasps (n, 7) in the body's frame: their distance from the keypoint."""
        if self.keypoint is None:
            return np.zeros(len(local))
        away = np.linalg.norm(local[:, :3] - _keypoint(geometry, self.keypoint), axis=1)
        return np.minimum(away / FARTHEST, 1.0)

    def deepened(self, tool: Array) -> Array:
        """Tool poses (..., 7) moved on along their approach by ``depth``."""
        return poses.compose(tool, poses.pose([0.0, 0.0, self.depth]))


def _in_region(geometry: BodyGeometry, points: Array, region: str) -> Bools:
    """Which points (n, 3) in the body's frame lie in the region; thirds are counted along the bounds' height."""
    everywhere = np.ones(len(points), bool)
    if region == "any":
        return everywhere
    if region in geometry.keypoints:
        return np.linalg.norm(points - np.array(geometry.keypoints[region]), axis=1) <= AT_POINT
    if region == "rim" and geometry.cavity is not None:
        return points[:, 2] >= geometry.cavity.pose[2] + geometry.cavity.half[2] - RIM_DEPTH
    if region in ("rim", "handle"):
        return ~everywhere
    share = (points[:, 2] - geometry.bounds.pose[2]) / geometry.bounds.half[2]
    low, high = {"top": (1 / 3, np.inf), "middle": (-1 / 3, 1 / 3), "bottom": (-np.inf, -1 / 3)}[region]
    return (share >= low) & (share <= high)


def _keypoint(geometry: BodyGeometry, name: str) -> Array:
    if name not in geometry.keypoints:
        raise UnknownNameError("keypoint", name, tuple(geometry.keypoints))
    return np.array(geometry.keypoints[name])


def _axis(geometry: BodyGeometry, name: str) -> Vec3:
    known = {**LETTERS, **geometry.axes}
    if name not in known:
        raise UnknownNameError("axis", name, tuple(known))
    return known[name]
