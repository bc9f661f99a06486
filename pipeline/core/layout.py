"""SceneLayout: the static index of a scene, from names to array columns and body geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Joint
from pipeline.core.scene import SceneSpec

ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR = "robot", "robot/left_finger", "robot/right_finger", "floor"


@dataclass(frozen=True)
class SceneLayout:
    """Column order of every array over bodies and joints.

    ``bodies``: ``robot`` (all arm links, pose of the base), the two fingers, ``floor``, then each placement's base
    link (``mug``) followed by its moving links (``cabinet/top_drawer``). ``joints``: ``cabinet/top_drawer_slide``.
    ``fixed`` names the bodies of what is bolted to the world, the floor and moving links included.
    """

    bodies: tuple[str, ...]
    joints: tuple[str, ...]
    geometry: dict[str, BodyGeometry]
    joint_specs: dict[str, Joint]
    fixed: frozenset[str] = frozenset({FLOOR})

    @staticmethod
    def of(scene: SceneSpec) -> SceneLayout:
        """The layout of a scene; equal for all scenes of one build key."""
        bodies, joints = [ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR], list[str]()
        geometry: dict[str, BodyGeometry] = {}
        specs: dict[str, Joint] = {}
        fixed = {FLOOR}
        for p in scene.placements:
            for link, shape in p.asset.links.items():
                body = f"{p.name}/{link}" if link else p.name
                bodies.append(body)
                geometry[body] = shape
                if p.asset.fixed:
                    fixed.add(body)
            for joint in p.asset.joints:
                joints.append(f"{p.name}/{joint.name}")
                specs[f"{p.name}/{joint.name}"] = joint
        return SceneLayout(tuple(bodies), tuple(joints), geometry, specs, frozenset(fixed))

    @cached_property
    def _body_columns(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.bodies)}

    @cached_property
    def _joint_columns(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.joints)}

    def body(self, name: str) -> int:
        """Column of a body; raises :class:`UnknownNameError`."""
        if name not in self._body_columns:
            raise UnknownNameError("body", name, self.bodies)
        return self._body_columns[name]

    def joint(self, name: str) -> int:
        """Column of a joint; raises :class:`UnknownNameError`."""
        if name not in self._joint_columns:
            raise UnknownNameError("joint", name, self.joints)
        return self._joint_columns[name]

    def joint_of_body(self, body: str) -> str:
        """The joint that moves the link ``cabinet/top_drawer``; raises :class:`UnknownNameError`."""
        base, _, link = body.partition("/")
        for name, spec in self.joint_specs.items():
            if name.split("/")[0] == base and spec.link == link:
                return name
        raise UnknownNameError(
            "jointed body", body, [f"{n.split('/')[0]}/{s.link}" for n, s in self.joint_specs.items()]
        )
