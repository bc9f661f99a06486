"""``(is_closed link)``: a drawer or door is closed."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.10  # of the travel: 2 cm of a 20 cm drawer
SLIDE = 0.02  # m; the most a drawer may stand out, however long it is


def is_closed(world: WorldState, link: Jointed) -> Bools:
    """The joint that moves ``link`` is within 10 % of its travel, and 2 cm for a slide, of the closed end, (batch,)."""
    amount, joint = opening(world, link)
    limit = SHARE * (joint.upper - joint.lower)
    return amount <= (min(limit, SLIDE) if joint.kind == "prismatic" else limit)
