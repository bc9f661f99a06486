"""``(facing a)``: the front of ``a`` is turned to the robot's side of the table."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import quat_rotate
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import geometry

FRONT = "front"
TURN = float(np.cos(np.deg2rad(30.0)))


def facing(world: WorldState, a: Body) -> Bools:
    """The axis ``front`` of ``a``'s card points along -x within 30 degrees, (batch,); all False without such an axis.

    World frame; the robot looks along +x.
    """
    front = geometry(world, a).axes.get(FRONT)
    if front is None:
        return np.zeros(len(world), bool)
    return -quat_rotate(world.body(a).astype(float)[:, 3:], np.array(front))[:, 0] >= TURN
