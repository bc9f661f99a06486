"""``(lying a)``: the body ``a`` lies on its side."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import up

TILT = 60.0  # degrees; a tapered bottle on its side is at 80 to 100, a mug on its handle at 65


def lying(world: WorldState, a: Body) -> Bools:
    """The z axis of ``a``'s frame is 60 to 120 degrees from the world's vertical, (batch,).

    Neither upright nor upside down; what it lies on and whether it moves are not judged.
    """
    return np.abs(up(world.body(a).astype(float))) <= np.cos(np.deg2rad(TILT))
