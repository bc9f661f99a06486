"""``distance(a, b)``: how far two points are apart."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares

FAR = 5.0  # m; worlds are smaller


@declares(Signature("distance of two points", {"a": "point", "b": "point"}, unit="m", high=FAR))
def distance(scene: Scene, a: Slot, b: Slot) -> Compute:
    """Euclidean distance (batch,) m."""
    return lambda now: (now[a] - now[b]).norm(dim=-1)
