"""Where inverse kinematics starts from: sampled attitudes of an arm whose hand is already nearly where it should be."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from demo_solvers.planning.arm import Arm, Array
from pipeline.core import poses
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream

SAMPLES = 60_000
LOW, HIGH = (0.15, -0.05), (1.0, 0.8)  # m; distance from the base's axis and height of the tool points worth keeping
TURN = 0.25  # m that a unit of direction counts for: a right angle as much as 35 cm
MARGIN = 0.05  # of a joint's range that seeds keep from its ends


def seeds(arm: Arm, target: Array, *, count: int) -> Array:
    """Joints (k, count, n) rad whose tool poses are nearest to ``target`` (k, 7), in the base frame.

    The base joint turns each sample towards its target, so that samples need to cover one half-plane only.
    """
    book = _book(arm.robot)
    azimuth = np.arctan2(target[:, 1], target[:, 0])
    turned = poses.compose(poses.pose(np.zeros(3), poses.quat_from_yaw(-azimuth)), target)
    _, index = book.tree.query(_features(turned), k=count)
    found = book.joints[np.reshape(index, (len(target), count))].copy()
    found[..., 0] += azimuth[:, None]
    return np.clip(found, arm.lower, arm.upper)


class _Book:
    """Samples (n, joints) of one arm and the tree over their tool poses, each turned to azimuth 0."""

    def __init__(self, robot: RobotSpec) -> None:
        arm = Arm(robot)
        margin = MARGIN * (arm.upper - arm.lower)
        q = stream(0, "seeds", robot.name).uniform(arm.lower + margin, arm.upper - margin, (SAMPLES, len(arm.home)))
        q[:, 0] = 0.0
        tool = arm.tool_pose(q)
        radius, height = np.hypot(tool[:, 0], tool[:, 1]), tool[:, 2]
        keep = (radius > LOW[0]) & (radius < HIGH[0]) & (height > LOW[1]) & (height < HIGH[1])
        q, tool = q[keep], tool[keep]
        azimuth = np.arctan2(tool[:, 1], tool[:, 0])
        q[:, 0] = -azimuth
        turned = poses.compose(poses.pose(np.zeros(3), poses.quat_from_yaw(-azimuth)), tool)
        self.joints, self.tree = q, KDTree(_features(turned))


_BOOKS: dict[str, _Book] = {}


def _book(robot: RobotSpec) -> _Book:
    """The samples of a robot, made once in a process."""
    key = robot.sha256
    if key not in _BOOKS:
        _BOOKS[key] = _Book(robot)
    return _BOOKS[key]


def _features(tool: Array) -> Array:
    """Points (k, 9) whose distances say how far poses (k, 7) are apart: place, approach and closing direction."""
    turn = poses.quat_to_matrix(tool[:, 3:])
    return np.concatenate([tool[:, :3], TURN * turn[:, :, 2], TURN * turn[:, :, 1]], axis=1)
