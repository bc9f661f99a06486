"""The fixed camera and the lights of the table top."""

from __future__ import annotations

import numpy as np

from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Vec3
from pipeline.core.poses import look_at
from pipeline.core.scene import Light

# From the robot's right and slightly ahead of its base: a camera straight in front would look at a cabinet's back, one
# beside the cabinet would see its drawers edge-on. From here their fronts, the hand and the workspace are all in view.
EYE: Vec3 = (0.10, -0.95, 0.80)
TARGET: Vec3 = (0.40, 0.0, 0.19)


def front_camera(width: int = 128, height: int = 128, *, size: float = 1.0) -> CameraSpec:
    """The fixed view ``front``: workspace, hand and drawer fronts in one picture; the robot is ``size`` Pandas."""
    x, y, z, qw, qx, qy, qz = (float(v) for v in look_at(size * np.array(EYE), size * np.array(TARGET)))
    return CameraSpec(name="front", pose=(x, y, z, qw, qx, qy, qz), width=width, height=height, fovy=56.0)


def room_lights() -> tuple[Light, ...]:
    """A steep key light from the camera's side, a fill on the drawer fronts, and a lamp over the table.

    The key is steep so that the arm's shadow stays below the arm and off the workspace.
    """
    return (
        Light(direction=(-0.10, 0.40, -0.91), position=(0.5, -0.9, 2.0), intensity=0.6),
        Light(direction=(0.70, 0.25, -0.67), position=(-1.4, -0.5, 1.6), intensity=0.3),
        Light(kind="point", direction=(0.0, 0.0, -1.0), position=(0.5, 0.0, 1.8), intensity=0.35),
    )
