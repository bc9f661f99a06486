"""``arm_speed()``: how fast the arm's joints move."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("root mean square speed of the robot's joints", {}, unit="rad/s", high=20.0))
def arm_speed(scene: Scene) -> Compute:
    """Root mean square (batch,) of all joint speeds, rad/s."""
    return lambda now: now.state.qvel.square().mean(dim=-1).sqrt().clamp(max=20.0)
