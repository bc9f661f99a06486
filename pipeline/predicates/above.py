"""``(above a b)``: ``a`` is over ``b``, touching or not."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import centre, footprint_radius, highest, lowest

OVERLAP = 0.005  # m; contact penetration and bounds that are not quite tight


def above(world: WorldState, a: Body, b: Body) -> Bools:
    """The lowest corner of ``a`` is at or over the top of ``b`` (5 mm tolerance) and its centre over ``b``, (batch,).

    World frame; "over" means within ``b``'s mean horizontal half size of its centre. Held or resting alike.
    """
    distance = np.linalg.norm((centre(world, a) - centre(world, b))[:, :2], axis=-1)
    return (lowest(world, a) >= highest(world, b) - OVERLAP) & (distance <= footprint_radius(world, b))
