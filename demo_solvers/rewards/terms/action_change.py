"""``action_change()``: how much the action differs from the one before."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("mean square of the action's change since the step before", {}, high=4.0))
def action_change(scene: Scene) -> Compute:
    """Mean square (batch,) of the first difference of the actions."""
    return lambda now: (now.state.actions[:, 0] - now.state.actions[:, 1]).square().mean(dim=-1).clamp(max=4.0)
