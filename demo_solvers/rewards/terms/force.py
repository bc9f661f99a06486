"""``force(a, b)``: how hard a part of the robot presses on a body."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from pipeline.core.world import HAND

HARDEST = 1000.0  # N


@declares(Signature("net contact force of the hand on a body", {"a": "body"}, unit="N", high=HARDEST))
def force(scene: Scene, a: str) -> Compute:
    """Force (batch,) N as ``WorldState.force`` has it, at most 1000."""
    column = scene.layout.body(a)
    return lambda now: now.state.force[:, HAND, column].clamp(max=HARDEST)
