"""``insert_aside(a, b)``: how far a plug is from its socket's axis."""

from __future__ import annotations

from demo_solvers.rewards._geometry import fit
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from demo_solvers.rewards.terms.distance import FAR


@declares(
    Signature("distance of a plug's tip from its socket's axis", {"a": "plug", "b": "socket"}, unit="m", high=FAR)
)
def insert_aside(scene: Scene, a: str, b: str) -> Compute:
    """Distance (batch,) m across the way in."""
    return lambda now: fit(now, a, b)[1]
