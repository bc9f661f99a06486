"""``(in_front_of a b)``: ``a`` is in front of ``b``, on the robot's side."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._directions import towards
from pipeline.predicates._kinds import Body


def in_front_of(world: WorldState, a: Body, b: Body) -> Bools:
    """``a`` is between the viewer and ``b``: nearer to the robot (-x), (batch,).

    World frame, seen from behind the robot looking along +x. The centre of ``a``'s bounds is at least 2 cm along -x
    from ``b``'s and within 45 degrees of that direction; height is not judged.
    """
    return towards(world, a, b, (-1.0, 0.0))
