"""Affordances: what the hand can do with each body of a scene, read off its geometry and joints."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from demo_solvers.grasping.rim import only_by_rim
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import FLOOR
from pipeline.core.world import WorldState

FINGER_SLACK = 0.004  # m of opening beyond the object
PACKED = 0.45  # of an area: what things laid out by chance find room on
ALMOST = 1.3  # times its footprint: a support no larger than that is the foot of a tower
EDGE = "edge"  # keypoint on a link's upper side at which a fingertip draws it by friction
INSERT = "insert"  # the axis along which things go into each other
TABLE = "table"


@dataclass(frozen=True)
class Affordances:
    """The bodies of a batch of worlds and the skills there are.

    ``opening`` is how far the hand opens [m]; None takes every grasp for possible.
    """

    world: WorldState
    skills: Collection[str]
    opening: float | None = None

    def shape(self, body: str) -> BodyGeometry | None:
        """The geometry of a body; None for the robot and the floor."""
        return self.world.layout.geometry.get(body)

    def movable(self, body: str) -> bool:
        """Whether a body is free."""
        return "/" not in body and body in self.world.layout.geometry and body not in self.world.layout.fixed

    @property
    def movables(self) -> tuple[str, ...]:
        """All free bodies, in the layout's order."""
        return tuple(b for b in self.world.layout.bodies if self.movable(b))

    def graspable(self, body: str) -> bool:
        """Whether the hand can take a free body."""
        shape = self.shape(body)
        if shape is None or not self.movable(body):
            return False
        widest = np.inf if self.opening is None else self.opening - FINGER_SLACK
        return any(g.width <= widest for g in shape.grasps)

    def by_rim(self, body: str) -> bool:
        """Whether the hand can take a free body, but only where that hangs over an edge."""
        shape = self.shape(body)
        widest = np.inf if self.opening is None else self.opening - FINGER_SLACK
        return shape is not None and self.movable(body) and only_by_rim(shape, widest)

    def supports(self, body: str) -> bool:
        """Whether things can stand on a body."""
        shape = self.shape(body)
        return shape is not None and shape.support is not None

    def contains(self, body: str) -> bool:
        """Whether a body has a cavity."""
        shape = self.shape(body)
        return shape is not None and shape.cavity is not None

    @property
    def table(self) -> str | None:
        """Where things can always be put down."""
        grounds = [b for b in self.world.layout.bodies if b in self.world.layout.fixed and self.supports(b)]
        return TABLE if TABLE in grounds else next((b for b in grounds if b != FLOOR), None)

    def jointed(self, link: str) -> bool:
        """Whether a joint moves a body."""
        base, _, name = link.partition("/")
        joints = self.world.layout.joint_specs.items()
        return any(spec.link == name and joint.split("/")[0] == base for joint, spec in joints)

    def axis(self, link: str, name: str) -> bool:
        """Whether a joint moves the link and its card names this axis: pull, turn or press."""
        shape = self.shape(link)
        return shape is not None and name in shape.axes and self.jointed(link)

    def handle(self, link: str) -> bool:
        """Whether the hand can hold a link, or draw it by pressing on its edge."""
        shape = self.shape(link)
        return shape is not None and (bool(shape.grasps) or EDGE in shape.keypoints)

    def shutters(self, container: str) -> tuple[str, ...]:
        """The links that must be open for the hand to reach into a container: itself, or its doors and lids."""
        if self.axis(container, "pull"):
            return (container,)
        if not self.contains(container) or "/" in container:
            return ()
        return tuple(b for b in self._links(container) if self.axis(b, "pull") and not self.contains(b))

    def covers(self, container: str) -> tuple[str, ...]:
        """The drawers that hang over a container when they are open."""
        if not self.axis(container, "pull"):
            return ()
        height = self.world.body(container)[0, 2]
        others = [b for b in self._links(container.split("/")[0]) if b != container and self.contains(b)]
        return tuple(b for b in others if self.axis(b, "pull") and self.world.body(b)[0, 2] > height + 1e-3)

    def area(self, predicate: str, anchor: str) -> Box | None:
        """Where ``on``, ``inside`` or ``within`` puts things."""
        shape = self.shape(anchor)
        if shape is None:
            return None
        return shape.cavity if predicate == "inside" else shape.support or shape.bounds

    def fit(self, bodies: Collection[str], predicate: str, anchor: str) -> bool:
        """Whether several upright bodies find room side by side."""
        area = self.area(predicate, anchor)
        return area is not None and sum(map(self._footprint, bodies)) <= PACKED * 4 * area.half[0] * area.half[1]

    def towers(self, body: str, anchor: str) -> bool:
        """Whether ``body`` on ``anchor`` makes a tower: a free foot that is hardly larger than what comes on it."""
        area, shape = self.area("on", anchor), self.shape(body)
        if area is None or shape is None or not self.movable(anchor):
            return False
        return bool((np.sort(area.half[:2]) <= ALMOST * np.sort(shape.bounds.half[:2])).all())

    def fitted(self, body: str) -> bool:
        """Whether the card of a body says how it goes into something, or something into it."""
        shape = self.shape(body)
        return shape is not None and INSERT in shape.axes

    def _footprint(self, body: str) -> float:
        shape = self.shape(body)
        return 0.0 if shape is None else 4 * shape.bounds.half[0] * shape.bounds.half[1]

    def _links(self, base: str) -> list[str]:
        return [b for b in self.world.layout.bodies if b.startswith(f"{base}/")]
