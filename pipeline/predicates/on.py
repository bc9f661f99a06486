"""``(on a b)``: the object ``a`` rests on the support area of ``b``."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Movable, Support
from pipeline.predicates._shapes import geometry
from pipeline.predicates._support import gap, over, surface_of

CLEARANCE = 0.010  # m; convex pieces and 5 degree wobbles put a bottom up to 1 cm off the nominal surface
CLOSE = 0.003  # m; contacts flicker in a soft solver, so a gap below 3 mm counts as contact


def on(world: WorldState, a: Movable, b: Support) -> Bools:
    """``a`` rests on ``b`` and is let go, (batch,); all False when ``b`` has no support area.

    World frame. The vertical through ``a``'s centre must pass through ``b``'s support area, which must be level within
    20 degrees; ``a``'s lowest corner must be within 1 cm of it; the two must touch or be within 3 mm; and ``a`` must
    not be pinched by both fingers. Leaning beside, lying underneath, hovering and being held above all fail.
    Orientation of ``a`` is not judged: add ``(upright a)``.
    """
    area = geometry(world, b).support
    if area is None:
        return np.zeros(len(world), bool)
    surface, half = surface_of(world, b, area)
    height = np.abs(gap(world, a, surface))
    close = world.touching(a, b) | (height <= CLOSE)
    return over(world, a, surface, half) & (height <= CLEARANCE) & close & ~pinched(world, a)
