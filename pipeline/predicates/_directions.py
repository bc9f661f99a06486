"""Directions on the table, as seen by someone who stands behind the robot and looks along +x: left is +y."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._shapes import centre

OFFSET = 0.02  # m; less than this is side by side, not to one side


def towards(world: WorldState, a: str, b: str, axis: tuple[float, float]) -> Bools:
    """Whether ``a``'s centre is at least 2 cm along ``axis`` from ``b``'s and within 45 degrees of it, (batch,)."""
    offset = (centre(world, a) - centre(world, b))[:, :2]
    along = offset @ np.array(axis)
    across = np.abs(offset @ np.array((-axis[1], axis[0])))
    return (along >= OFFSET) & (across <= along)
