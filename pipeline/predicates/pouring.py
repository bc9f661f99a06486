"""``(pouring a b)``: the vessel ``a`` is tipped over the opening of ``b``."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import inverse, transform_points
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Container, Movable
from pipeline.predicates._shapes import box_pose, geometry, up
from pipeline.predicates.upright import TILT as UPRIGHT_TILT

TIPPED = 80.0  # degrees from the vertical: a vessel that is half full has begun to run by then
AROUND = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)  # rad, around a mouth
OVERLAP = 0.005  # m; bounds and cavities that are not quite tight


def pouring(world: WorldState, a: Movable, b: Container) -> Bools:
    """``a`` leans by 80 degrees or more, and the lowest point of its mouth is over the opening of ``b``, (batch,).

    World frame. The mouth is the ellipse in the top of ``a``'s cavity; without a cavity nothing pours. Over the opening
    means above the top of ``b``'s cavity (5 mm tolerance), within its sides; ``b`` itself stands upright (15 degrees).
    """
    vessel, target = geometry(world, a), geometry(world, b)
    if vessel.cavity is None or target.cavity is None:
        return np.zeros(len(world), bool)
    half = vessel.cavity.half
    edge = np.stack([half[0] * np.cos(AROUND), half[1] * np.sin(AROUND), np.full(len(AROUND), half[2])], axis=-1)
    rim = transform_points(box_pose(world, a, vessel.cavity), edge)
    lip = rim[np.arange(len(rim)), rim[..., 2].argmin(axis=1)]
    opening = box_pose(world, b, target.cavity)
    local = transform_points(inverse(opening), lip[:, None])[:, 0]
    over = (np.abs(local[:, :2]) <= np.array(target.cavity.half[:2])).all(axis=1)
    above = local[:, 2] >= target.cavity.half[2] - OVERLAP
    tipped = up(world.body(a).astype(float)) <= np.cos(np.deg2rad(TIPPED))
    stands = up(world.body(b).astype(float)) >= np.cos(np.deg2rad(UPRIGHT_TILT))
    return over & above & tipped & stands
