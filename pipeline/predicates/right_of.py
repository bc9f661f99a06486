"""``(right_of a b)``: ``a`` is to the right of ``b``."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._directions import towards
from pipeline.predicates._kinds import Body


def right_of(world: WorldState, a: Body, b: Body) -> Bools:
    """``a`` is to the right (-y) of ``b``, (batch,).

    World frame, seen from behind the robot looking along +x. The centre of ``a``'s bounds is at least 2 cm along -y
    from ``b``'s and within 45 degrees of that direction; height is not judged.
    """
    return towards(world, a, b, (0.0, -1.0))
