"""``(crosswise a b)``: a long body lies across another one."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._headings import heading
from pipeline.predicates._kinds import Body

TOLERANCE = 10.0  # degrees, as of ``aligned``


def crosswise(world: WorldState, a: Body, b: Body) -> Bools:
    """The longer horizontal sides of ``a`` and ``b`` are at right angles within 10 degrees, (batch,); symmetric.

    World frame; ends are not told apart. When one of them is about as long as wide (less than 1.3 times), any two of
    their sides may be the ones at right angles. Distance and height are not judged.
    """
    (first, long_a), (second, long_b) = heading(world, a), heading(world, b)
    period = np.where(long_a & long_b, np.pi, np.pi / 2)
    apart = np.abs((first - second + np.pi / 2 + period / 2) % period - period / 2)
    return apart <= np.deg2rad(TOLERANCE)
