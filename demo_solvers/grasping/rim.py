"""Rims: grasps with one finger below a body, which a hand reaches only where the body hangs over an edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Grasp
from pipeline.core.world import Bools

FINGER = 0.006  # m below a body's bottom that a finger there needs at the least


def below(grasps: Sequence[Grasp], geometry: BodyGeometry) -> Bools:
    """Which grasps (n,) have a finger below the body as it was made to stand."""
    pose = np.array([g.pose for g in grasps], float).reshape(-1, 7)
    width = np.array([g.width for g in grasps], float)
    closing = poses.quat_rotate(pose[:, 3:], np.array([0.0, 1.0, 0.0]))
    lower = pose[:, 2] - np.abs(closing[:, 2]) * (width / 2 + FINGER)
    return lower < geometry.bounds.pose[2] - geometry.bounds.half[2]


def only_by_rim(geometry: BodyGeometry, widest: float = np.inf) -> bool:
    """Whether a hand that takes ``widest`` m can take a body, but not as it lies on something."""
    grasps = [g for g in geometry.grasps if g.width <= widest]
    return bool(grasps) and bool(below(grasps, geometry).all())


def takes_as_it_lies(geometry: BodyGeometry) -> bool:
    """Whether a body has a grasp that needs no room below it."""
    return bool((~below(geometry.grasps, geometry)).any())
