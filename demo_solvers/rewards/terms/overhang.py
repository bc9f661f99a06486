"""``overhang(a, b)``: how far a body sticks out over the edge of what it lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.rewards.frames import into, transform
from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from pipeline.predicates.overhanging import SIDES

if TYPE_CHECKING:
    from torch import Tensor


@declares(
    Signature(
        "how far a body sticks out over the edge of another", {"a": "body", "b": "body"}, unit="m", low=-5.0, high=5.0
    )
)
def overhang(scene: Scene, a: str, b: str) -> Compute:
    """Length (batch,) m of the middle of a side beyond the nearest edge of ``b``'s support area, as of the predicate:
    a corner alone that sticks out does not count; negative for what lies wholly on it.
    """
    area, bounds = scene.geometry(b).support or scene.geometry(b).bounds, scene.geometry(a).bounds
    middles = tuple((x * bounds.half[0], y * bounds.half[1], 0.0) for x, y in SIDES.tolist())

    def compute(now: Now) -> Tensor:
        local = into(now.box(b, area), transform(now.box(a, bounds), now.constant(middles)))[..., :2]
        return (local.abs() - now.constant(area.half[:2])).amax(dim=(1, 2))

    return compute
