"""``(turned_on link)``: a tap, dial or lever is on."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.50  # of the travel: a quarter-turn tap runs freely at 45 degrees, a lever is past its middle


def turned_on(world: WorldState, link: Jointed) -> Bools:
    """The joint that turns ``link`` is at least half its travel from the off end, (batch,)."""
    amount, joint = opening(world, link)
    return amount >= SHARE * (joint.upper - joint.lower)
