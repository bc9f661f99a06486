"""``(at_rest a)``: the body ``a`` does not move."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body

SPEED = 0.02  # m/s; settled bodies jitter below 2 mm/s, the slowest push moves at 5 cm/s
SPIN = 0.6  # rad/s; what is 7 cm wide and rolls at 2 cm/s; solvers kick what lies in a bowl at 0.4 now and then


def at_rest(world: WorldState, a: Body) -> Bools:
    """``a`` moves slower than 2 cm/s and turns slower than 0.6 rad/s, world frame, (batch,)."""
    spin = np.linalg.norm(world.velocity[:, world.layout.body(a), 3:], axis=-1)
    return (world.speed(a) < SPEED) & (spin < SPIN)
