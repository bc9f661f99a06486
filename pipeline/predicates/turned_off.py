"""``(turned_off link)``: a tap, dial or lever is off."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.05  # of the travel: 4.5 degrees of a quarter-turn tap, 12 of a dial; what is between is neither off nor on


def turned_off(world: WorldState, link: Jointed) -> Bools:
    """The joint that turns ``link`` is within 5 % of its travel of the off end, (batch,)."""
    amount, joint = opening(world, link)
    return amount <= SHARE * (joint.upper - joint.lower)
