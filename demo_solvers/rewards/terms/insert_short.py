"""``insert_short(a, b)``: how far a plug still has to go into its socket."""

from __future__ import annotations

from demo_solvers.rewards._geometry import fit
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("way that a plug still has to go in", {"a": "plug", "b": "socket"}, unit="m", low=-5.0, high=5.0))
def insert_short(scene: Scene, a: str, b: str) -> Compute:
    """Distance (batch,) m of tip and seat along the way in; negative when deeper."""
    return lambda now: fit(now, a, b)[0]
