"""``(within a region)``: the object ``a`` rests with its centre in a flat region."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Movable, Region
from pipeline.predicates._shapes import geometry
from pipeline.predicates._support import gap, over, surface_of
from pipeline.predicates.at_rest import at_rest

CLEARANCE = 0.010  # m; a region is paint, so the object stands on what is painted, a few millimetres off


def within(world: WorldState, a: Movable, region: Region) -> Bools:
    """The centre of ``a``'s footprint lies in the region's area and ``a`` rests there, (batch,).

    World frame. The vertical through ``a``'s centre must pass through the area, its lowest corner must be within 1 cm
    of it, it must be at rest (so sliding through does not count) and not be pinched by both fingers. No margin: the
    centre decides, as an experimenter would read it off the table.
    """
    shape = geometry(world, region)
    surface, half = surface_of(world, region, shape.support or shape.bounds)
    low = np.abs(gap(world, a, surface)) <= CLEARANCE
    return over(world, a, surface, half) & low & at_rest(world, a) & ~pinched(world, a)
