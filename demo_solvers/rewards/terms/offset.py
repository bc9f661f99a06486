"""``offset(body, x, y, z)``: a point given in a body's frame."""

from __future__ import annotations

from demo_solvers.rewards.frames import rotate
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(
    Signature(
        "a point in a body's own frame, from the centre of its bounds",
        {"a": "body", "x": "length", "y": "length", "z": "length"},
        gives="point",
    )
)
def offset(scene: Scene, a: str, x: float, y: float, z: float) -> Compute:
    """Point (batch, 3) m."""
    return lambda now: now.centre(a) + rotate(now.body(a)[:, 3:], now.constant((x, y, z)))
