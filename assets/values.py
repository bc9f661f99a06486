"""Core's fixed-length tuples from arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.geometry import Pose7, Vec3


def vec3(values: ArrayLike) -> Vec3:
    """Three floats of an array (3,)."""
    x, y, z = np.asarray(values, float).tolist()
    return (x, y, z)


def pose7(position: ArrayLike, quat: ArrayLike = (1.0, 0.0, 0.0, 0.0)) -> Pose7:
    """A pose of a position (3,) [m] and a quaternion (4,)."""
    x, y, z = vec3(position)
    qw, qx, qy, qz = np.asarray(quat, float).tolist()
    return (x, y, z, qw, qx, qy, qz)
