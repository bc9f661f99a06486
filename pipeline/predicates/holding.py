"""``(holding a)``: the gripper carries the object ``a``."""

from __future__ import annotations

import numpy as np

from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, ROBOT
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Movable

HANDS = (ROBOT, LEFT_FINGER, RIGHT_FINGER)


def holding(world: WorldState, a: Movable) -> Bools:
    """Both fingers touch ``a``, and nothing but the robot carries it, (batch,).

    Contacts only, no tolerance. Something else may carry it when contacts lead from ``a``, over free objects, to
    anything bolted down: a pinched block that still stands on another one is not held, nor is one that a push with two
    fingers slides along the table; a mug with a spoon in it is.
    """
    return pinched(world, a) & ~_carried(world, a)


def _carried(world: WorldState, a: str) -> Bools:
    """Whether contacts lead from ``a`` to a fixed body without the robot, (batch,)."""
    bodies, layout = world.layout.bodies, world.layout
    fixed = np.array([b in layout.fixed and b != a for b in bodies])
    links = world.contact & ~np.isin(bodies, HANDS)
    reached = np.zeros((len(world), len(bodies)), bool)
    reached[:, layout.body(a)] = True
    while True:
        # A fixed body ends the search: two things on one table do not carry each other.
        grown = reached | np.any(links & (reached & ~fixed)[:, :, None], axis=1)
        if (grown == reached).all():
            return np.any(reached & fixed, axis=1)
        reached = grown
