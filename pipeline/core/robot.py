"""RobotSpec: fixed-base arms with parallel grippers, their kinematic chains, gains, limits and cameras."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field, model_validator

from pipeline.core.asset import Licence, Sha256
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Frozen, Pose7, Vec3

RISE_TIME = 0.1  # s, in which a joint reaches its full acceleration where its card names no jerk
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
    max_jerk: float | None = Field(
        default=None, gt=0, description="rad/s^3; None means that full acceleration is reached in 0.1 s"
    )
    kp: float
    kv: float
    max_force: float = Field(description="N m")

    @property
    def jerk_limit(self) -> float:
        """The largest jerk in rad/s^3, the default where the card names none."""
        return self.max_acceleration / RISE_TIME if self.max_jerk is None else self.max_jerk


class Gripper(Frozen):
    """A gripper with two opposing fingers; the action is the full opening width in metres."""

    joints: tuple[str, ...] = Field(description="driven MJCF joints")
    linked: tuple[str, ...] = Field(
        default=(), description="MJCF joints that equality constraints of the model tie to the driven ones"
    )
    travel: tuple[tuple[float, ...], ...] = Field(
        default=(),
        description="per joint, driven then linked, its positions at evenly spaced widths from closed to open, "
        "linear in between; () means that every joint slides by half the width",
    )
    left_link: str
    right_link: str
    still: float | None = Field(
        default=None,
        ge=0,
        description="how far from the tool point the right finger's pad stands, if only the left one moves [m]; "
        "None means that both close alike about the tool point",
    )
    max_width: float = Field(description="m")
    kp: float
    kv: float
    max_force: float = Field(description="N (or N m, for a finger that turns) per finger")
    finger_depth: float = Field(description="how far the fingertip reaches beyond the tool point [m]")
    pad_half: Vec3 = Field(description="half size of a finger's box in the tool frame [m]")
    palm_clearance: float = Field(description="free depth from tool point back to the palm [m]")

    @model_validator(mode="after")
    def _travel_covers_the_joints(self) -> Gripper:
        count = len(self.joints) + len(self.linked)
        if self.travel and (len(self.travel) != count or {len(t) for t in self.travel} == {1}):
            raise ValueError(f"travel must hold two or more positions for each of {(*self.joints, *self.linked)}")
        if len({len(t) for t in self.travel}) > 1:
            raise ValueError("travel must hold equally many positions for every joint")
        if self.linked and not self.travel:
            raise ValueError(f"linked joints {self.linked} need their travel")
        return self


class ArmGroup(Frozen):
    """One arm of a robot with its gripper; the fields mean what those of :class:`RobotSpec` mean."""

    name: str = Field(description="distinguishes the arm in the names of an action; '' for a robot's first arm")
    arm: tuple[ArmJoint, ...]
    tool_link: str
    tool: Pose7
    flange: Pose7
    gripper: Gripper
    home: tuple[float, ...]

    @property
    def dof(self) -> int:
        """Columns of an action: arm joints plus gripper width."""
        return len(self.arm) + 1


class RobotSpec(Frozen):
    """Everything a backend, a planner and a trainer need to know of a robot; sources in ``gain_source``.

    The flat fields describe the first arm, the one that planners move; a robot with more arms names them in
    ``others``. An action holds the first arm's joints and gripper width, then those of each other arm in turn. All
    chains begin at ``base_link``, which is the model's root.
    """

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
    others: tuple[ArmGroup, ...] = Field(default=(), description="further arms, in the order of the action")
    spheres: dict[str, tuple[Sphere, ...]] = Field(description="collision spheres per MJCF body, in its frame")
    cameras: tuple[CameraSpec, ...] = Field(default=(), description="cameras mounted on the robot")
    reach: float = Field(description="usable radius around the base [m]")
    licence: Licence
    gain_source: str

    @property
    def arms(self) -> tuple[ArmGroup, ...]:
        """All arms, the first one included, in the order of the action."""
        first = ArmGroup(
            name="",
            arm=self.arm,
            tool_link=self.tool_link,
            tool=self.tool,
            flange=self.flange,
            gripper=self.gripper,
            home=self.home,
        )
        return (first, *self.others)

    @property
    def dof(self) -> int:
        """Length of an action: joints plus gripper width of every arm."""
        return len(self.arm) + 1 + sum(group.dof for group in self.others)

    @property
    def width_column(self) -> int:
        """Column of an action that holds the first arm's gripper width."""
        return len(self.arm)

    @property
    def others_home(self) -> tuple[float, ...]:
        """The columns of an action beyond the first arm with every other arm at home and its gripper open."""
        return tuple(value for group in self.others for value in (*group.home, group.gripper.max_width))

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each column of an action is, e.g. ``joint1`` or ``gripper_width``."""
        groups = self.arms
        widths = ["_".join(filter(None, (group.name, "gripper_width"))) for group in groups]
        return tuple(n for g, w in zip(groups, widths, strict=True) for n in (*(j.name for j in g.arm), w))

    @property
    def sha256(self) -> Sha256:
        """Content address of the card and of every file it refers to."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
