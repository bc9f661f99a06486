"""How far an articulated link is open, and how fast that changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.core.geometry import Joint
from pipeline.core.world import WorldState

SLOW = 0.02  # of :func:`joint_speed`: the speed below which a body counts as at rest
EDGE = 0.035  # m; a hinge of 0.6 rad/s moves this far from it at 2 cm/s, as ``at_rest`` has it


def joint_speed(world: WorldState, body: str) -> NDArray[np.float64]:
    """Speed (batch,) m/s of the joint that moves ``body``, of a hinge 3.5 cm from its axis; 0 for all other bodies."""
    base, _, link = body.partition("/")
    for name, spec in world.layout.joint_specs.items():
        if link and spec.link == link and name.partition("/")[0] == base:
            speed = np.abs(world.joint_velocity[:, world.layout.joint(name)]).astype(float)
            return speed if spec.kind == "prismatic" else speed * EDGE
    return np.zeros(len(world))


def opening(world: WorldState, link: str) -> tuple[NDArray[np.float64], Joint]:
    """How far ``link``'s joint is from its closed end (batch,), m or rad, and the joint."""
    name = world.layout.joint_of_body(link)
    joint = world.layout.joint_specs[name]
    position = world.joint_position(name).astype(float)
    return (position - joint.lower if joint.opens == "upper" else joint.upper - position), joint
