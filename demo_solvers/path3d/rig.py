"""The cameras of the image-based solver: three about the table and one above it, as large as the robot needs them."""

from __future__ import annotations

from demo_solvers.planning.scale import PANDA_REACH
from pipeline.core.camera import CameraSpec
from pipeline.core.poses import look_at
from pipeline.core.robot import RobotSpec

WIDTH, HEIGHT, FOVY = 480, 360, 54.0  # pixels, degrees: 3 mm a pixel at 1 m
EYES = {
    "front": (1.20, 0.00, 0.85),
    "left": (0.30, 0.85, 0.75),
    "right": (0.30, -0.85, 0.75),
    "top": (0.80, 0.05, 1.20),
}
"""Where the views are taken from [m], for a robot of a Panda's reach at the origin that looks along x."""
CENTRE = (0.48, 0.0, 0.03)  # m, what they look at


def rig(robot: RobotSpec) -> tuple[CameraSpec, ...]:
    """Four fixed cameras that see the table in front of ``robot`` from all sides."""
    size = robot.reach / PANDA_REACH
    made = list[CameraSpec]()
    for name, eye in EYES.items():
        at = look_at([size * v for v in eye], [size * v for v in CENTRE])
        x, y, z, qw, qx, qy, qz = (float(v) for v in at)
        made.append(CameraSpec(name=name, pose=(x, y, z, qw, qx, qy, qz), width=WIDTH, height=HEIGHT, fovy=FOVY))
    return tuple(made)
