"""``action_size()``: how large the action is."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("mean square of the action's components", {}, high=4.0))
def action_size(scene: Scene) -> Compute:
    """Mean square (batch,) of the present action."""
    return lambda now: now.state.actions[:, 0].square().mean(dim=-1).clamp(max=4.0)
