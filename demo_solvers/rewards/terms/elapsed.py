"""``elapsed()``: how much of the horizon is over."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("share of the horizon that is over", {}))
def elapsed(scene: Scene) -> Compute:
    """Share (batch,) of the episode's steps."""
    return lambda now: now.state.elapsed
