"""``far_side(a, b, length)``: where to push ``a`` from, so that it goes to ``b``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares

if TYPE_CHECKING:
    from torch import Tensor

CLOSE = 1e-6  # m; nearer points have no direction


@declares(
    Signature(
        "the point a length beyond a as seen from b, at a's height: where to push a from, so that it goes to b",
        {"a": "point", "b": "point", "length": "length"},
        gives="point",
    )
)
def far_side(scene: Scene, a: Slot, b: Slot, length: float) -> Compute:
    """Point (batch, 3) m; ``a`` itself where it is right above or below ``b``."""

    def compute(now: Now) -> Tensor:
        away = (now[a] - now[b]) * now.constant((1.0, 1.0, 0.0))
        return now[a] + length * away / away.norm(dim=-1, keepdim=True).clamp(min=CLOSE)

    return compute
