"""CameraSpec: a pinhole camera, fixed in the world or mounted on a robot link, in the OpenCV convention."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.geometry import Frozen, Pose7


class CameraSpec(Frozen):
    """A pinhole camera without distortion; x right, y down, z forward."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    pose: Pose7 = Field(description="T_mount_camera")
    mount: str | None = Field(default=None, description="robot MJCF body it rides on; None = world")
    width: int = Field(default=128, gt=0, description="pixels")
    height: int = Field(default=128, gt=0, description="pixels")
    fovy: float = Field(default=60.0, gt=0, lt=180, description="vertical field of view [degrees]")
    near: float = Field(default=0.01, gt=0, description="m")
    far: float = Field(default=10.0, gt=0, description="m")

    @property
    def intrinsics(self) -> NDArray[np.float64]:
        """K (3, 3) in pixels; the principal point is the image centre, pixel centres at half integers."""
        f = 0.5 * self.height / math.tan(math.radians(self.fovy) / 2)
        return np.array([[f, 0, self.width / 2], [0, f, self.height / 2], [0, 0, 1.0]])
