"""``towards(a, b)``: the direction from one point to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares
from demo_solvers.rewards.terms.far_side import CLOSE

if TYPE_CHECKING:
    from torch import Tensor


@declares(Signature("the direction from a point to another", {"a": "point", "b": "point"}, gives="direction"))
def towards(scene: Scene, a: Slot, b: Slot) -> Compute:
    """Unit vector (batch, 3); 0 where the points are one."""

    def compute(now: Now) -> Tensor:
        way = now[b] - now[a]
        return way / way.norm(dim=-1, keepdim=True).clamp(min=CLOSE)

    return compute
