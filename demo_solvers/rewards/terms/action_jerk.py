"""``action_jerk()``: how much the action's change differs from the change before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, declares

if TYPE_CHECKING:
    from torch import Tensor


@declares(Signature("mean square of the action's second difference: jerk, where actions are velocities", {}, high=16.0))
def action_jerk(scene: Scene) -> Compute:
    """Mean square (batch,) of the second difference of the actions."""

    def compute(now: Now) -> Tensor:
        present, before, first = now.state.actions.unbind(dim=1)
        return (present - 2 * before + first).square().mean(dim=-1).clamp(max=16.0)

    return compute
