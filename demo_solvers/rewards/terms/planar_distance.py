"""``planar_distance(a, b)``: how far two points are apart on the table."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares
from demo_solvers.rewards.terms.distance import FAR


@declares(Signature("horizontal distance of two points", {"a": "point", "b": "point"}, unit="m", high=FAR))
def planar_distance(scene: Scene, a: Slot, b: Slot) -> Compute:
    """Distance (batch,) m as seen from above."""
    return lambda now: (now[a] - now[b])[:, :2].norm(dim=-1)
