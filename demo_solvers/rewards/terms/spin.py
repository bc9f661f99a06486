"""``spin(a)``: how fast a body turns."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("rate at which a body turns", {"a": "body"}, unit="rad/s", high=100.0))
def spin(scene: Scene, a: str) -> Compute:
    """Angular speed (batch,) rad/s."""
    return lambda now: now.velocity(a)[:, 3:].norm(dim=-1)
