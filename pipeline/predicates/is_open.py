"""``(is_open link)``: a drawer or door is open."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.75  # of the travel: 15 cm of a 20 cm drawer, enough to reach into it


def is_open(world: WorldState, link: Jointed) -> Bools:
    """The joint that moves ``link`` is at least 75 % of its travel from the closed end, (batch,)."""
    amount, joint = opening(world, link)
    return amount >= SHARE * (joint.upper - joint.lower)
