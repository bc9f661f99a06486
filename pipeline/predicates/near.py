"""``(near a b)``: two bodies stand next to each other at the same level."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import centre, footprint_radius, lowest

GAP = 0.10  # m; about a hand's width
LEVEL = 0.05  # m; what stands on a stack or is held above is not next to what stands on the table


def near(world: WorldState, a: Body, b: Body) -> Bools:
    """The footprints are at most 10 cm apart and the bottoms at most 5 cm in height, (batch,); symmetric.

    World frame. A footprint is a circle around the centre of the bounds with their mean horizontal half size.
    """
    distance = np.linalg.norm((centre(world, a) - centre(world, b))[:, :2], axis=-1)
    apart = distance - footprint_radius(world, a) - footprint_radius(world, b)
    return (apart <= GAP) & (np.abs(lowest(world, a) - lowest(world, b)) <= LEVEL)
