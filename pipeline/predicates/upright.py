"""``(upright a)``: the body ``a`` stands as it was made to stand."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import up

TILT = 15.0  # degrees; a bowl rocks by 5, a mug past 20 falls over


def upright(world: WorldState, a: Body) -> Bools:
    """The z axis of ``a``'s frame is within 15 degrees of the world's vertical, (batch,)."""
    return up(world.body(a).astype(float)) >= np.cos(np.deg2rad(TILT))
