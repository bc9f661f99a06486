"""``(raised a)``: the object ``a`` is well above everything that it could stand on."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Movable
from pipeline.predicates._shapes import geometry, lowest
from pipeline.predicates._support import over, surface_of

HEIGHT = 0.08  # m; higher than most things on a table that it might have been set down on


def raised(world: WorldState, a: Movable) -> Bools:
    """``a``'s lowest corner is at least 8 cm above every level area under its centre, (batch,).

    World frame. Level areas are the support areas of all bodies, and the table's top. Who or what holds it up is not
    judged: add ``(holding a)``.
    """
    high = np.ones(len(world), bool)
    bottom = lowest(world, a)
    for body in world.layout.geometry:
        area = geometry(world, body).support
        if body == a or area is None:
            continue
        surface, half = surface_of(world, body, area)
        under = over(world, a, surface, half)
        high &= ~under | (bottom - surface[:, 2] >= HEIGHT)
    return high & (bottom >= HEIGHT)
