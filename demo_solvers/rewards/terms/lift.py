"""``lift(a)``: how high a body's lowest corner is above the table's top."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(
    Signature("height of a body's lowest corner above the table's top", {"a": "body"}, unit="m", low=-2.0, high=2.0)
)
def lift(scene: Scene, a: str) -> Compute:
    """Height (batch,) m of the lowest corner of the bounds."""
    return lambda now: now.lowest(a)
