"""Resting on a flat area: the geometry that ``on`` and ``within`` share."""

from __future__ import annotations

import numpy as np

from pipeline.core.geometry import Box
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._shapes import Array, box_pose, centre, in_frame, lowest, plumb, up

LEVEL = float(np.cos(np.deg2rad(20.0)))
"""A surface steeper than 20 degrees sheds what lies on it (friction 0.4 slips at 22 degrees)."""


def over(world: WorldState, a: str, surface: Array, half: tuple[float, float, float]) -> Bools:
    """Whether the vertical through ``a``'s centre passes through a level rectangle below it, (batch,)."""
    point = centre(world, a)
    foot = plumb(point, surface)
    local = in_frame(surface, foot[:, None, :])[:, 0]
    inside = (np.abs(local[:, :2]) <= np.array(half[:2])).all(axis=-1)
    return inside & (up(surface) >= LEVEL) & (point[:, 2] > foot[:, 2])


def gap(world: WorldState, a: str, surface: Array) -> Array:
    """Height (batch,) m of ``a``'s lowest corner above the surface under its centre; negative when it is deeper."""
    return lowest(world, a) - plumb(centre(world, a), surface)[:, 2]


def surface_of(world: WorldState, b: str, area: Box) -> tuple[Array, tuple[float, float, float]]:
    """``T_world_surface`` (batch, 7) and half sizes of ``area``, a thin box in ``b``'s frame around its surface."""
    return box_pose(world, b, area), (area.half[0], area.half[1], 0.0)
