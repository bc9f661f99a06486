"""Arrangement: where everything of a scene stands while it is being laid out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box, Joint, Pose7
from pipeline.core.poses import compose, pose, quat_from_axis_angle
from pipeline.core.scene import Placement, SceneSpec
from scene_gen.footprint import Rectangle, footprint

Array = NDArray[np.float64]


@dataclass
class Arrangement:
    """Assets, poses and joint positions by object name; mutable, private to one build."""

    assets: dict[str, AssetSpec] = field(default_factory=dict)
    poses: dict[str, Pose7] = field(default_factory=dict)
    joints: dict[str, dict[str, float]] = field(default_factory=dict)
    frames: dict[str, Array] = field(default_factory=dict)  # T_base_link (7,) by body at joint position 0

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


def joint_motion(joint: Joint, position: float) -> Array:
    """The rigid motion (7,) in the base frame that takes the link from joint position 0 to ``position``."""
    if joint.kind == "prismatic":
        return pose(np.array(joint.axis) * position)
    turn = pose((0.0, 0.0, 0.0), quat_from_axis_angle(joint.axis, position))
    return compose(compose(pose(joint.anchor), turn), pose(-np.array(joint.anchor)))
