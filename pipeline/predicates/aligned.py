"""``(aligned a b)``: two bodies point the same way."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._headings import between
from pipeline.predicates._kinds import Body

TOLERANCE = 10.0  # degrees; people see 10 as crooked, settling turns things by 1 or 2


def aligned(world: WorldState, a: Body, b: Body) -> Bools:
    """The longer horizontal sides of ``a`` and ``b`` are parallel within 10 degrees, (batch,); symmetric.

    World frame; ends are not told apart. When one of them is about as long as wide (less than 1.3 times), any two of
    their sides may be the parallel ones. Distance and height are not judged.
    """
    return np.abs(between(world, a, b)) <= np.deg2rad(TOLERANCE)
