"""``(inside a b)``: the object ``a`` lies in the cavity of ``b``."""

from __future__ import annotations

import numpy as np

from pipeline.core.geometry import Box
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._kinds import Container, Movable
from pipeline.predicates._shapes import box_pose, centre, corners, geometry, in_frame, up

RIM_MARGIN = 0.005  # m; the centre must be this far below the rim, so that what balances on the rim is not inside
SHARE = 0.7  # of the footprint; one half hanging out of a drawer is not inside
LEVEL = float(np.cos(np.deg2rad(30.0)))  # a container tipped further than 30 degrees holds nothing


def inside(world: WorldState, a: Movable, b: Container) -> Bools:
    """``a`` is in ``b``'s cavity and let go, (batch,); all False when ``b`` has no cavity.

    Judged in the cavity's frame (it moves with its link, so a thing in a closed drawer stays inside): the centre of
    ``a``'s bounds lies in the cavity and at least 5 mm below its rim, at least 70 % of ``a``'s footprint (axis-aligned
    in that frame) lies in it, the cavity opens upwards within 30 degrees, and ``a`` is not pinched by both fingers.
    """
    cavity = geometry(world, b).cavity
    if cavity is None:
        return np.zeros(len(world), bool)
    frame = box_pose(world, b, cavity)
    middle = in_frame(frame, centre(world, a)[:, None, :])[:, 0]
    upper = np.array(cavity.half) - (0.0, 0.0, RIM_MARGIN)
    contained = (middle >= -np.array(cavity.half)).all(axis=-1) & (middle <= upper).all(axis=-1)
    most = _share_in(in_frame(frame, corners(world, a)), cavity) >= SHARE
    return contained & most & (up(frame) >= LEVEL) & ~pinched(world, a)


def _share_in(points: np.ndarray, cavity: Box) -> np.ndarray:
    """Share (batch,) of the horizontal rectangle around ``points`` (batch, 8, 3) that lies in the cavity."""
    low, high, half = points[..., :2].min(axis=1), points[..., :2].max(axis=1), np.array(cavity.half[:2])
    overlap = np.clip(np.minimum(high, half) - np.maximum(low, -half), 0.0, None)
    return (overlap / np.maximum(high - low, 1e-9)).prod(axis=-1)
