"""``overhang(a, b)``: how far a body sticks out over the edge of what it lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.frames import into
from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, declares

if TYPE_CHECKING:
    from torch import Tensor


@declares(
    Signature(
        "how far a body sticks out over the edge of another", {"a": "body", "b": "body"}, unit="m", low=-5.0, high=5.0
    )
)
def overhang(scene: Scene, a: str, b: str) -> Compute:
    """Length (batch,) m beyond the nearest edge of ``b``'s support area; negative for what lies wholly on it."""
    area = scene.geometry(b).support or scene.geometry(b).bounds

    def compute(now: Now) -> Tensor:
        corners = into(now.box(b, area), now.corners(a))[..., :2]
        half = now.constant(area.half[:2])
        return (corners.abs() - half).amax(dim=(1, 2))

    return compute
