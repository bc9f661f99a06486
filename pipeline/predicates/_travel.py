"""How far an articulated link is open: what ``is_open`` and ``is_closed`` share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.core.geometry import Joint
from pipeline.core.world import WorldState


def opening(world: WorldState, link: str) -> tuple[NDArray[np.float64], Joint]:
    """How far ``link``'s joint is from its closed end (batch,), m or rad, and the joint."""
    name = world.layout.joint_of_body(link)
    joint = world.layout.joint_specs[name]
    position = world.joint_position(name).astype(float)
    return (position - joint.lower if joint.opens == "upper" else joint.upper - position), joint
