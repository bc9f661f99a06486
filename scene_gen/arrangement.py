"""Arrangement: where everything of a scene stands while it is being laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box, Joint, Pose7
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.poses import IDENTITY_POSE, compose, pose, quat_from_axis_angle
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.world import WorldState, no_forces
from scene_gen.footprint import Rectangle, box_footprint, footprint
from scene_gen.workspace import Surface, Workspace

Array = NDArray[np.float64]
TABLE = "table"
GROUNDS = ("table", "counter", "shelf")  # categories of what things stand on that nobody placed on anything


@dataclass
class Arrangement:
    """Assets, poses and joint positions by object name; mutable, private to one build."""

    assets: dict[str, AssetSpec] = field(default_factory=dict)
    poses: dict[str, Pose7] = field(default_factory=dict)
    joints: dict[str, dict[str, float]] = field(default_factory=dict)
    frames: dict[str, Array] = field(default_factory=dict)  # T_base_link (7,) by body at joint position 0
    workspace: Workspace = field(default_factory=Workspace)

    def open_from(self, scene: SceneSpec) -> None:
        """Take over the poses and joints of a finished scene."""
        self.poses |= {p.name: p.pose for p in scene.placements}
        self.joints |= {p.name: dict(p.joints) for p in scene.placements}

    def put(self, name: str, at: ArrayLike) -> None:
        """Place an object at ``T_world_base`` (7,)."""
        x, y, z, qw, qx, qy, qz = (float(v) for v in np.asarray(at))
        self.poses[name] = (x, y, z, qw, qx, qy, qz)

    def placements(self) -> tuple[Placement, ...]:
        """Everything that has a place, in the order of ``assets``."""
        return tuple(
            Placement(name=n, asset=a, pose=self.poses[n], joints=self.joints.get(n, {}))
            for n, a in self.assets.items()
            if n in self.poses
        )

    def geometry(self, body: str) -> BodyGeometry:
        """Geometry of ``mug`` or ``cabinet/top_drawer``; raises :class:`UnknownNameError`."""
        name, _, link = body.partition("/")
        if name not in self.assets or link not in self.assets[name].links:
            raise UnknownNameError("body", body, self.bodies())
        return self.assets[name].links[link]

    def bodies(self) -> Iterator[str]:
        """All body names."""
        for name, asset in self.assets.items():
            yield from (f"{name}/{link}" if link else name for link in asset.links)

    def joint(self, body: str) -> Joint:
        """The joint that moves the link ``cabinet/top_drawer``; raises :class:`UnknownNameError`."""
        name, _, link = body.partition("/")
        for joint in self.assets[name].joints if name in self.assets else ():
            if joint.link == link:
                return joint
        jointed = [f"{n}/{j.link}" for n, a in self.assets.items() for j in a.joints]
        raise UnknownNameError("jointed body", body, jointed)

    def body_pose(self, body: str) -> Array:
        """``T_world_body`` (7,) with the joints as they are."""
        name, _, link = body.partition("/")
        base = np.array(self.poses[name])
        if not link:
            return base
        joint = self.joint(body)
        motion = joint_motion(joint, self.joints.get(name, {}).get(joint.name, 0.0))
        return compose(base, compose(motion, self.frames[body]))

    def box_pose(self, body: str, box: Box) -> Array:
        """``T_world_box`` (7,) of a box in a body's frame."""
        return compose(self.body_pose(body), box.pose)

    def footprint(self, name: str) -> Rectangle:
        """Where an object's base stands."""
        return footprint(self.assets[name], self.poses[name])

    def links(self, name: str) -> dict[str, Array]:
        """``T_base_link`` (7,) by link of an object at joint position 0."""
        return {body.partition("/")[2]: at for body, at in self.frames.items() if body.startswith(f"{name}/")}

    def surfaces(self) -> tuple[Surface, ...]:
        """What things may stand on that are not placed on anything else; the table first."""
        return tuple(
            self._surface(name)
            for name, asset in sorted(self.assets.items(), key=lambda item: item[0] != TABLE)
            if asset.category in GROUNDS and asset.fixed and name in self.poses and asset.links[""].support
        )

    def ground(self, body: str) -> Surface | None:
        """The surface that ``body`` stands on in the end: the highest one below its bounds' centre."""
        at = self.box_pose(body, self.geometry(body).bounds)
        spot = Rectangle(float(at[0]), float(at[1]), 0.0, 0.0, 0.0)
        under = [s for s in self.surfaces() if s.height < at[2] and s.area.holds(spot)]
        return max(under, key=lambda s: s.height, default=None)

    def world(self, touching: Sequence[tuple[str, str]] = ()) -> WorldState:
        """The arrangement as one world at rest, with the given contacts and the robot out of the way.

        Things that have no place yet are far below the floor.
        """
        bodies = (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, *self.bodies())
        joints = {f"{n}/{j.name}": j for n, a in self.assets.items() for j in a.joints}
        layout = SceneLayout(bodies, tuple(joints), {b: self.geometry(b) for b in bodies[4:]}, joints)
        poses = np.array([self._pose_or_away(b) if i >= 4 else AWAY for i, b in enumerate(bodies)])[None]
        contact = np.zeros((1, len(bodies), len(bodies)), bool)
        for a, b in touching:
            contact[0, layout.body(a), layout.body(b)] = contact[0, layout.body(b), layout.body(a)] = True
        values = [self.joints.get(n.partition("/")[0], {}).get(j.name, 0.0) for n, j in joints.items()]
        joint, zeros, f32 = np.array([values], np.float32), np.zeros((1, 2), np.float32), np.float32
        still = np.zeros((1, len(bodies), 6), np.float32)
        tcp = np.array([AWAY], np.float32)
        force = no_forces(1, layout)
        return WorldState(layout, poses.astype(f32), still, joint, joint * 0, zeros, zeros, tcp, contact, force)

    def _pose_or_away(self, body: str) -> Array:
        return self.body_pose(body) if body.partition("/")[0] in self.poses else AWAY

    def _surface(self, name: str) -> Surface:
        area = self.assets[name].links[""].support
        assert area is not None
        flat = box_footprint(area, self.poses[name])
        return Surface(name, Rectangle(flat.x, flat.y, flat.yaw, flat.half_x, flat.half_y, self._top(name), np.inf))

    def _top(self, name: str) -> float:
        area = self.assets[name].links[""].support
        assert area is not None
        # Boxes of flat areas are centred on the surface and as thin as their maker liked.
        return float(self.box_pose(name, area)[2])


AWAY = pose((0.0, 0.0, -50.0), IDENTITY_POSE[3:])


def joint_motion(joint: Joint, position: float) -> Array:
    """The rigid motion (7,) in the base frame that takes the link from joint position 0 to ``position``."""
    if joint.kind == "prismatic":
        return pose(np.array(joint.axis) * position)
    turn = pose((0.0, 0.0, 0.0), quat_from_axis_angle(joint.axis, position))
    return compose(compose(pose(joint.anchor), turn), pose(-np.array(joint.anchor)))
