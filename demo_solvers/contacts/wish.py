"""ContactWish: where on a body a hand is to touch it and how, as a model or geometry names it."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from demo_solvers.grasping.rim import takes_as_it_lies
from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.goal import Goal, literals
from pipeline.core.layout import ROBOT, SceneLayout
from pipeline.core.world import WorldState

Manner = Literal["push", "press", "edge"]
"""Two fingertips before a side; closed fingers above the top, to drag; open fingers around what hangs over an edge."""
Region = Literal["any", "near", "far", "left", "right"]
"""Which half of the body, as seen along its motion: where it comes from, where it goes to, or at its sides."""
TURNING = ("aligned", "facing")
SLIDING = ("within", "near", "left_of", "right_of", "in_front_of", "behind", "touching")
OPENING, CLOSING = ("is_open", "pressed", "turned_on"), ("is_closed", "turned_off")
STILL = 1e-6  # m; nearer than this there is no direction


class ContactWish(Frozen):
    """One way to touch a body, which is to move along ``motion`` in the world, or ``toward`` another body or the robot.

    With neither, a push goes straight into whichever side it finds; other manners take the robot's forward.
    """

    body: str
    manner: Manner = "push"
    region: Region = "any"
    motion: Vec3 | None = None
    toward: str | None = None

    def check(self, layout: SceneLayout) -> None:
        """Raise :class:`UnknownNameError` or :class:`InvalidInputError` where it does not fit the scene."""
        if self.body not in layout.geometry:
            raise UnknownNameError("body", self.body, layout.geometry)
        if self.toward is not None and self.toward not in (ROBOT, *layout.geometry):
            raise UnknownNameError("body", self.toward, (ROBOT, *layout.geometry))
        if self.motion is not None and np.linalg.norm(self.motion) < STILL:
            raise InvalidInputError(f"The motion of {self.body!r} is 0; name a direction such as (1, 0, 0), or None.")

    def ways(self, world: WorldState) -> Array:
        """Unit directions (batch, 3) in which the body is to move; the robot's forward where nothing says more."""
        if self.motion is not None:
            way = np.tile(np.array(self.motion, float), (len(world), 1))
        elif self.toward is not None:
            way = _centre(world, self.toward) - _centre(world, self.body)
            way[:, 2] = 0.0
        else:
            way = np.tile((1.0, 0.0, 0.0), (len(world), 1))
        length = np.linalg.norm(way, axis=1, keepdims=True)
        return np.where(length < STILL, (1.0, 0.0, 0.0), way / np.maximum(length, STILL))


def wishes(goal: Goal, layout: SceneLayout) -> tuple[ContactWish, ...]:
    """What geometry names for a goal: a side to push for a wanted motion, a top to drag, an edge to grasp."""
    found = list[ContactWish]()
    for atom, positive in literals(goal):
        body, name = (atom.args or ("",))[0], atom.predicate
        if not positive or body not in layout.geometry:
            continue
        if name in SLIDING:
            found.append(ContactWish(body=body, manner="push", toward=atom.args[1]))
        elif name in TURNING:
            found += [ContactWish(body=body, manner="push", region=side) for side in ("left", "right")]
        elif name in (*OPENING, *CLOSING) and "/" in body:
            found.append(_of_link(body, layout, opening=name in OPENING))
        elif name == "overhanging":
            # From behind its middle, or it tips over the edge under the hand; to the edge that the hand can take it at.
            found.append(ContactWish(body=body, manner="press", region="near", toward=ROBOT))
        elif name == "holding" and not takes_as_it_lies(layout.geometry[body]):
            found += [ContactWish(body=body, manner="press"), ContactWish(body=body, manner="edge")]
    return tuple(dict.fromkeys(found))


def _of_link(body: str, layout: SceneLayout, *, opening: bool) -> ContactWish:
    """A slide is dragged from above along its axis; other links are pushed."""
    joint = layout.joint_specs[layout.joint_of_body(body)]
    sign = 1.0 if opening == (joint.opens == "upper") else -1.0
    x, y, z = (sign * a for a in joint.axis)
    manner: Manner = "press" if joint.kind == "prismatic" and opening else "push"
    return ContactWish(body=body, manner=manner, region="far" if opening else "any", motion=(x, y, z))


def _centre(world: WorldState, body: str) -> Array:
    if body == ROBOT:
        return world.body(ROBOT)[:, :3].astype(float)
    return poses.compose(world.body(body).astype(float), world.layout.geometry[body].bounds.pose)[:, :3]


MANNERS: tuple[Manner, ...] = get_args(Manner)
