"""``(pressed link)``: a button or switch is down."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Jointed
from pipeline.predicates._travel import opening

SHARE = 0.50  # of the travel: 4 mm of a lamp's 8 mm


def pressed(world: WorldState, link: Jointed) -> Bools:
    """The joint that moves ``link`` is at least half its travel from its rest, (batch,).

    Of a sprung button that is only true while something holds it down; what latches stays pressed.
    """
    amount, joint = opening(world, link)
    return amount >= SHARE * (joint.upper - joint.lower)
