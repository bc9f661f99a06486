"""``over(a, length)``: the point so far above another."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares


@declares(Signature("the point a length above another", {"a": "point", "length": "length"}, gives="point"))
def over(scene: Scene, a: Slot, length: float) -> Compute:
    """Point (batch, 3) m."""
    return lambda now: now[a] + now.constant((0.0, 0.0, length))
