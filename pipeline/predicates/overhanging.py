"""``(overhanging a b)``: the object ``a`` rests on ``b`` and sticks out over its edge far enough to be taken there."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import transform_points
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Movable, Support
from pipeline.predicates._shapes import box_pose, geometry, in_frame
from pipeline.predicates._support import gap, over, surface_of

OUT = 0.04  # m; a fingertip of 2 cm below the rim, and as much again for a hand that comes a little askew
CLEARANCE = 0.010  # m, as of ``on``
SIDES = np.array([(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])


def overhanging(world: WorldState, a: Movable, b: Support) -> Bools:
    """``a`` rests on ``b``, let go, with the middle of a side 4 cm or more beyond the edge, (batch,).

    All False when ``b`` has no support area. The sides are those of the bounds of ``a`` as it was made to stand, the
    edge is that of ``b``'s support area, which must be level within 20 degrees. The vertical through ``a``'s centre
    must still pass through the area and ``a``'s lowest corner be within 1 cm of it; ``a`` must not be pinched by both
    fingers. A corner alone that sticks out does not count.
    """
    area = geometry(world, b).support
    if area is None:
        return np.zeros(len(world), bool)
    surface, half = surface_of(world, b, area)
    low = np.abs(gap(world, a, surface)) <= CLEARANCE
    bounds = geometry(world, a).bounds
    middles = np.concatenate([SIDES * bounds.half[:2], np.zeros((4, 1))], axis=1)  # (4, 3)
    local = in_frame(surface, transform_points(box_pose(world, a, bounds), middles))  # (batch, 4, 3)
    out = (np.abs(local[..., :2]) - np.array(half[:2])).max(axis=(1, 2))
    return over(world, a, surface, half) & low & (out >= OUT) & ~pinched(world, a)
