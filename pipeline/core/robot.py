"""RobotSpec: a fixed-base arm with a parallel gripper, its kinematic chain, gains, limits and cameras."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field

from pipeline.core.asset import Licence, Sha256
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Frozen, Pose7, Vec3

Sphere = Annotated[tuple[float, float, float, float], Field(description="centre x y z [m], radius [m]")]


class ArmJoint(Frozen):
    """One actuated joint; the chain runs base to tool in list order."""

    name: str
    link: str = Field(description="MJCF body that the joint moves")
    origin: Pose7 = Field(description="T_parent_joint at zero position")
    axis: Vec3 = Field(description="unit rotation axis in the joint's frame")
    lower: float = Field(description="rad")
    upper: float = Field(description="rad")
    max_velocity: float = Field(description="rad/s")
    max_acceleration: float = Field(description="rad/s^2")
    kp: float
    kv: float
    max_force: float = Field(description="N m")


class Gripper(Frozen):
    """A symmetric parallel gripper; the action is the full opening width in metres."""

    joints: tuple[str, ...] = Field(description="MJCF joints; each is commanded width / 2")
    left_link: str
    right_link: str
    max_width: float = Field(description="m")
    kp: float
    kv: float
    max_force: float = Field(description="N per finger")
    finger_depth: float = Field(description="how far the fingertip reaches beyond the tool point [m]")
    pad_half: Vec3 = Field(description="half size of a finger's box in the tool frame [m]")
    palm_clearance: float = Field(description="free depth from tool point back to the palm [m]")


class RobotSpec(Frozen):
    """Everything a backend, a planner and a trainer need to know of a robot; sources in ``gain_source``."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    noun: str
    model: str = "model.xml"
    files: dict[str, Sha256]
    base_link: str
    arm: tuple[ArmJoint, ...]
    tool_link: str = Field(description="MJCF body that carries the tool frame")
    tool: Pose7 = Field(description="T_toollink_tool; +z approaches, +y closes")
    flange: Pose7 = Field(description="T_lastjoint_toollink")
    gripper: Gripper
    home: tuple[float, ...] = Field(description="arm joints [rad]")
    spheres: dict[str, tuple[Sphere, ...]] = Field(description="collision spheres per MJCF body, in its frame")
    cameras: tuple[CameraSpec, ...] = Field(default=(), description="cameras mounted on the robot")
    reach: float = Field(description="usable radius around the base [m]")
    licence: Licence
    gain_source: str

    @property
    def dof(self) -> int:
        """Length of an action: arm joints plus gripper width."""
        return len(self.arm) + 1

    @property
    def sha256(self) -> Sha256:
        """Content address of the card and of every file it refers to."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
