"""``overhang(a, b)``: how far a body sticks out over the edge of what it lies on."""

from __future__ import annotations

from demo_solvers.rewards._geometry import sticking_out
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(
    Signature(
        "how far a body sticks out over the edge of another", {"a": "body", "b": "body"}, unit="m", low=-5.0, high=5.0
    )
)
def overhang(scene: Scene, a: str, b: str) -> Compute:
    """Length (batch,) m of the middle of a side beyond the nearest edge of ``b``'s support area, as of the predicate:
    a corner alone that sticks out does not count; negative for what lies wholly on it.
    """
    area = scene.geometry(b).support or scene.geometry(b).bounds
    return lambda now: sticking_out(now, a, b, area)
