"""``(inserted a b)``: the object ``a`` is all the way in, or over, what ``b`` has for it."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._fits import fit
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Body, Movable

SHORT = 0.010  # m of the way that may be left
DEEP = 0.006  # m beyond the seat: sockets have some room at their ends
ASIDE = 0.012  # m; a ring that lies on its peg's top is as far in as it gets, but one beside the peg is 5 cm aside
TILT = float(np.deg2rad(12.0))  # rad; an umbrella leans by 4 degrees in its stand


def inserted(world: WorldState, a: Movable, b: Body) -> Bools:
    """``a`` is in or over ``b`` along ``b``'s way in, and let go, (batch,); False where a card has no fitting points.

    World frame. The axis ``insert`` of both cards must agree within 12 degrees, ``a``'s keypoint ``tip`` must lie at
    most 1 cm short of ``b``'s keypoint ``seat`` along that axis, at most 6 mm deeper and 1.2 cm aside, and ``a`` must
    not be pinched by both fingers. A plug that stands on the rim of its socket, or lies beside it, is not in.
    """
    found = fit(world, a, b)
    if found is None:
        return np.zeros(len(world), bool)
    deep = (found.short <= SHORT) & (found.short >= -DEEP)
    return deep & (found.aside <= ASIDE) & (found.tilt <= TILT) & ~pinched(world, a)
