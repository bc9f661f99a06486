"""``speed(a)``: how fast a body moves."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("speed of a body", {"a": "body"}, unit="m/s", high=10.0))
def speed(scene: Scene, a: str) -> Compute:
    """Linear speed (batch,) m/s of the body's origin."""
    return lambda now: now.velocity(a)[:, :3].norm(dim=-1)
