"""``done((formula))``: a goal is reached and can be left as it is."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from demo_solvers.rewards.truths import holds
from pipeline.core.goal import Goal


@declares(
    Signature(
        "whether a formula is true, and what it names is at rest and let go: how success is judged",
        {"goal": "formula"},
        gives="condition",
    )
)
def done(scene: Scene, goal: Goal) -> Compute:
    """True (batch,) where ``pipeline.holds.holds`` is."""
    return lambda now: holds(now, goal)
