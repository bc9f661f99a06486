"""``progress((formula))``: how many parts of a goal are true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from demo_solvers.rewards.truths import true_of
from pipeline.core.goal import Goal, literals

if TYPE_CHECKING:
    from torch import Tensor


@declares(Signature("share of a formula's literals that are true", {"goal": "formula"}))
def progress(scene: Scene, goal: Goal) -> Compute:
    """Share (batch,) in [0, 1]."""
    signs = list(literals(goal))

    def compute(now: Now) -> Tensor:
        import torch

        true = torch.stack([true_of(now, atom) == positive for atom, positive in signs])
        return true.to(now.state.pose.dtype).mean(dim=0)

    return compute
