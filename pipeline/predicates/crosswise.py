"""``(crosswise a b)``: a long body lies across another one."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._headings import between
from pipeline.predicates._kinds import Body

TOLERANCE = 10.0  # degrees, as of ``aligned``


def crosswise(world: WorldState, a: Body, b: Body) -> Bools:
    """The longer horizontal sides of ``a`` and ``b`` are at right angles within 10 degrees, (batch,); symmetric.

    World frame; ends are not told apart. When one of them is about as long as wide (less than 1.3 times), any two of
    their sides may be the ones at right angles. Distance and height are not judged.
    """
    return np.abs(between(world, a, b, across=np.pi / 2)) <= np.deg2rad(TOLERANCE)
