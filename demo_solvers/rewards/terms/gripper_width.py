"""``gripper_width()``: how far the gripper is open."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("opening of the gripper", {}, unit="m", high=0.5))
def gripper_width(scene: Scene) -> Compute:
    """Opening (batch,) m."""
    return lambda now: now.state.width
