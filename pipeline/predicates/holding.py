"""``(holding a)``: the gripper carries the object ``a``."""

from __future__ import annotations

import numpy as np

from pipeline.core.layout import FLOOR
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Movable

TABLE = "table"


def holding(world: WorldState, a: Movable) -> Bools:
    """Both fingers touch ``a`` and neither table nor floor does, (batch,).

    Contacts only, no tolerance. A push with two fingers touches too, but the table carries the pushed object.
    """
    return pinched(world, a) & ~_grounded(world, a)


def _grounded(world: WorldState, a: str) -> Bools:
    grounds = [g for g in (FLOOR, TABLE) if g in world.layout.bodies and g != a]
    return np.any([world.touching(a, g) for g in grounds], axis=0)
