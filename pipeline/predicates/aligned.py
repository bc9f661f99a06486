"""``(aligned a b)``: two bodies point the same way."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._headings import heading
from pipeline.predicates._kinds import Body

TOLERANCE = 10.0  # degrees; people see 10 as crooked, settling turns things by 1 or 2


def aligned(world: WorldState, a: Body, b: Body) -> Bools:
    """The longer horizontal sides of ``a`` and ``b`` are parallel within 10 degrees, (batch,); symmetric.

    World frame; ends are not told apart. When one of them is about as long as wide (less than 1.3 times), any two of
    their sides may be the parallel ones. Distance and height are not judged.
    """
    (first, long_a), (second, long_b) = heading(world, a), heading(world, b)
    period = np.where(long_a & long_b, np.pi, np.pi / 2)
    apart = np.abs((first - second + period / 2) % period - period / 2)
    return apart <= np.deg2rad(TOLERANCE)
