"""Hand-set end states with library assets: put things somewhere, let MuJoCo settle them, then tamper with the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from assets.catalog import LibraryCatalog
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER
from pipeline.core.poses import pose, quat_from_axis_angle, quat_from_yaw, quat_multiply, transform_points
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.world import WorldState
from pipeline.predicates._shapes import _SIGNS
from pipeline.settling import hold_still
from pipeline.sim.mujoco import mujoco

CATALOG = LibraryCatalog()
SETTLE = 1.0  # s
DROP = 0.001  # m
AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0)}
Edit = Callable[[WorldState], WorldState]


@dataclass(frozen=True)
class Put:
    """An asset on the table, or ``up`` m above it: where, its heading and its lean in degrees, its open joints."""

    name: str
    asset: str
    x: float
    y: float
    up: float = 0.0
    yaw: float = 0.0
    lean: float = 0.0
    about: str = "x"
    joints: tuple[tuple[str, float], ...] = ()

    def placement(self) -> Placement:
        """With its lowest corner a millimetre over what it is put on; fixtures exactly on it."""
        asset = CATALOG.asset(self.asset)
        quat = quat_multiply(
            quat_from_yaw(np.deg2rad(self.yaw)), quat_from_axis_angle(AXES[self.about], np.deg2rad(self.lean))
        )
        bounds = asset.links[""].bounds
        corners = transform_points(pose((0.0, 0.0, 0.0), quat), np.array(bounds.pose[:3]) + _SIGNS * bounds.half)
        z = self.up - float(corners[:, 2].min()) + (0.0 if asset.fixed else DROP)
        x, y, z, qw, qx, qy, qz = (float(v) for v in pose((self.x, self.y, z), quat))
        return Placement(name=self.name, asset=asset, pose=(x, y, z, qw, qx, qy, qz), joints=dict(self.joints))


@cache
def settled(*things: Put) -> WorldState:
    """One world in which the things have lain for a second, the robot at home; not to be written to."""
    table, robot = CATALOG.asset("table"), CATALOG.robot("panda")
    top = table.links[""].bounds.pose[2] + table.links[""].bounds.half[2]
    ground = Placement(name="table", asset=table, pose=(0.0, 0.0, -top, 1.0, 0.0, 0.0, 0.0))
    scene = SceneSpec(
        task="staged",
        robot=robot,
        robot_start=(*robot.home, robot.gripper.max_width),
        placements=(ground, *(t.placement() for t in things)),
    )
    simulator = mujoco(CATALOG)
    simulator.load([scene])
    return simulator.run(hold_still([scene], SETTLE)).at(-1)


def copied(world: WorldState) -> WorldState:
    """The same state, free to be changed."""
    return WorldState(world.layout, *(getattr(world, f.name).copy() for f in fields(world)[1:]))


def tampered(world: WorldState, *edits: Edit) -> WorldState:
    """A copy with the edits made one after the other."""
    world = copied(world)
    for edit in edits:
        world = edit(world)
    return world


def shifted(body: str, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Edit:
    """The body elsewhere; what it touched it touches no more."""

    def edit(world: WorldState) -> WorldState:
        column = world.layout.body(body)
        world.pose[:, column, :3] += np.float32((x, y, z))
        world.contact[:, column] = world.contact[:, :, column] = False
        return world

    return edit


def slid(body: str, x: float = 0.0, y: float = 0.0) -> Edit:
    """The body elsewhere on what it stands on; its contacts stay."""

    def edit(world: WorldState) -> WorldState:
        world.pose[:, world.layout.body(body), :2] += np.float32((x, y))
        return world

    return edit


def swapped(a: str, b: str) -> Edit:
    """Each body where the other was."""

    def edit(world: WorldState) -> WorldState:
        order = np.arange(len(world.layout.bodies))
        i, j = world.layout.body(a), world.layout.body(b)
        order[[i, j]] = j, i
        world.pose[:] = world.pose[:, order]
        world.contact[:] = world.contact[:, order][:, :, order]
        return world

    return edit


def leaned(body: str, degrees: float, about: str = "x") -> Edit:
    """The body turned about a horizontal axis through its origin."""

    def edit(world: WorldState) -> WorldState:
        column = world.layout.body(body)
        turn = quat_from_axis_angle(AXES[about], np.deg2rad(degrees))
        world.pose[:, column, 3:] = quat_multiply(turn, world.pose[:, column, 3:])
        return world

    return edit


def turned(body: str, degrees: float) -> Edit:
    """The body with another heading."""

    def edit(world: WorldState) -> WorldState:
        column = world.layout.body(body)
        world.pose[:, column, 3:] = quat_multiply(quat_from_yaw(np.deg2rad(degrees)), world.pose[:, column, 3:])
        return world

    return edit


def moving(body: str, speed: Sequence[float] = (0.05, 0.0, 0.0)) -> Edit:
    """The body on its way, m/s."""

    def edit(world: WorldState) -> WorldState:
        world.velocity[:, world.layout.body(body), :3] = speed
        return world

    return edit


def spinning(body: str, speed: float = 1.0) -> Edit:
    """The body turning about the vertical, rad/s."""

    def edit(world: WorldState) -> WorldState:
        world.velocity[:, world.layout.body(body), 5] = speed
        return world

    return edit


def gripped(body: str, *fingers: str) -> Edit:
    """Between both fingers, or touched by the given ones, where it is."""

    def edit(world: WorldState) -> WorldState:
        column = world.layout.body(body)
        for finger in fingers or (LEFT_FINGER, RIGHT_FINGER):
            other = world.layout.body(finger)
            world.contact[:, column, other] = world.contact[:, other, column] = True
        return world

    return edit


def joint(name: str, position: float, speed: float = 0.0) -> Edit:
    """A joint at a position [m or rad], its link moved along if it slides."""

    def edit(world: WorldState) -> WorldState:
        column, spec = world.layout.joint(name), world.layout.joint_specs[name]
        base = name.partition("/")[0]
        if spec.kind == "prismatic":
            ahead = pose(np.array(spec.axis) * (position - world.joint[:, column]).item())
            there = transform_points(world.body(base)[0], ahead[None, :3])[0] - world.body(base)[0, :3]
            world.pose[:, world.layout.body(f"{base}/{spec.link}"), :3] += there.astype(np.float32)
        world.joint[:, column], world.joint_velocity[:, column] = position, speed
        return world

    return edit
