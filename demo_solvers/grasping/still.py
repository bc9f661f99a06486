"""Grasps for hands of which only one finger moves."""

from __future__ import annotations

import numpy as np

from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.robot import Gripper

BESIDE = 0.006  # m that a finger which does not move stands beside the object before the other one closes


def beside(local: Array, width: Array, gripper: Gripper) -> Array:
    """Grasps (k, c, 7) moved along the closing axis until a finger that does not move is just beside the body.

    Annotated grasps have the body in the middle between two fingers that close alike. ``width`` (k, c) m is the body's.
    """
    if gripper.still is None:
        return local
    room = np.clip((gripper.max_width - width) / 2, 0.0, BESIDE)
    shift = np.zeros((*width.shape, 3))
    shift[..., 1] = gripper.still - width / 2 - room
    return poses.compose(local, poses.pose(shift))
