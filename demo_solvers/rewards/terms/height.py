"""``height(a)``: how high a point is above the table's top."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares


@declares(Signature("height of a point above the table's top", {"a": "point"}, unit="m", low=-2.0, high=2.0))
def height(scene: Scene, a: Slot) -> Compute:
    """World z (batch,) m."""
    return lambda now: now[a][:, 2]
