"""SceneSpec: everything a physics backend needs to build one world, and nothing it owns."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, JsonValue

from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Frozen, Pose7, Vec3
from pipeline.core.robot import RobotSpec


class Placement(Frozen):
    """One asset in the scene; ``joints`` maps its joints to positions (m or rad), missing ones start at 0."""

    name: str
    asset: AssetSpec
    pose: Pose7 = Field(description="T_world_base")
    joints: dict[str, float] = Field(default_factory=dict)


class Light(Frozen):
    """A directional or point light."""

    kind: Literal["directional", "point"] = "directional"
    direction: Vec3 = (0.0, 0.0, -1.0)
    position: Vec3 = (0.0, 0.0, 2.0)
    intensity: float = 1.0
    color: Vec3 = (1.0, 1.0, 1.0)


class Physics(Frozen):
    """Rates and contact parameters. The controller moves its target linearly from one action to the next."""

    control_hz: float = 20.0
    substeps: int = Field(default=5, description="physics steps a control step; dt = 1 / (control_hz * substeps)")
    gravity: Vec3 = (0.0, 0.0, -9.81)
    noslip_iterations: int = 5

    @property
    def dt(self) -> float:
        """Physics time step [s]."""
        return 1.0 / (self.control_hz * self.substeps)


class SceneSpec(Frozen):
    """One world: robot, placements, cameras, lights, physics. World frame: z up, table top at z = 0."""

    task: str
    robot: RobotSpec
    robot_pose: Pose7 = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    robot_start: tuple[float, ...] = Field(description="arm joints [rad] and gripper width [m] at reset")
    placements: tuple[Placement, ...]
    cameras: tuple[CameraSpec, ...] = ()
    lights: tuple[Light, ...] = ()
    ambient: float = 0.4
    physics: Physics = Field(default_factory=Physics)
    floor_height: float = -0.75
    seed: int = 0
    draws: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="every value that domain randomisation drew, enough to apply it to the plain scene again",
    )

    @property
    def build_key(self) -> str:
        """Scenes that share it differ only in poses, joints, seed and draws and can be stepped as one batch."""
        parts = [p.name + "=" + p.asset.sha256 for p in self.placements]
        rest = self.model_dump_json(exclude={"task", "robot", "robot_start", "placements", "seed", "draws"})
        return hashlib.sha256("|".join([self.robot.sha256, *parts, rest]).encode()).hexdigest()

    def placement(self, name: str) -> Placement:
        """The placement called ``name``."""
        return next(p for p in self.placements if p.name == name)

    def physics_only(self) -> SceneSpec:
        """The scene without cameras: no graphics context is made, and what differs in views alone shares a build."""
        return self.model_copy(update={"cameras": ()})

    def with_placements(self, poses: dict[str, Pose7], joints: dict[str, dict[str, float]] | None = None) -> SceneSpec:
        """The same scene with some placements moved; ``joints`` replaces those of the named placements."""
        joints = joints or {}
        moved = tuple(
            p.model_copy(update={"pose": poses.get(p.name, p.pose), "joints": joints.get(p.name, p.joints)})
            for p in self.placements
        )
        return self.model_copy(update={"placements": moved})
