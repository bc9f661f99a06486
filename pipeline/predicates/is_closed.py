"""``(is_closed link)``: a drawer, door or lid is closed."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.02  # of the travel: 4 mm of a 20 cm drawer
SLIDE = 0.005  # m; a gap that is seen only when looked for
TURN = float(np.deg2rad(1.0))  # rad; the same 5 mm at the edge of a 30 cm wide door
MOST = 0.25  # of the travel: a joint of a few millimetres is not closed all the way


def is_closed(world: WorldState, link: Jointed) -> Bools:
    """The joint that moves ``link`` is within 2 % of its travel, or 5 mm (a hinge 1 degree), of closed, (batch,).

    The larger of the two counts, but never more than a quarter of the travel, so that nothing is open and closed at
    once.
    """
    amount, joint = opening(world, link)
    travel = joint.upper - joint.lower
    least = SLIDE if joint.kind == "prismatic" else TURN
    return amount <= min(max(SHARE * travel, least), MOST * travel)
