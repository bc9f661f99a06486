"""``(behind a b)``: ``a`` is behind ``b``, away from the robot."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._directions import towards
from pipeline.predicates._kinds import Body


def behind(world: WorldState, a: Body, b: Body) -> Bools:
    """``a`` is farther from the robot (+x) than ``b``, (batch,).

    World frame, seen from behind the robot looking along +x. The centre of ``a``'s bounds is at least 2 cm along +x
    from ``b``'s and within 45 degrees of that direction; height is not judged.
    """
    return towards(world, a, b, (1.0, 0.0))
