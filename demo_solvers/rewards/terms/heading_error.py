"""``heading_error(a, b)``: how crooked two bodies lie to each other on the table."""

from __future__ import annotations

import math

from demo_solvers.rewards._geometry import heading_gap
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(
    Signature("angle of two bodies' longer sides seen from above", {"a": "body", "b": "body"}, unit="rad", high=math.pi)
)
def heading_error(scene: Scene, a: str, b: str) -> Compute:
    """Angle (batch,) rad between the longer horizontal sides, as the predicate ``aligned`` has it."""
    return lambda now: heading_gap(now, a, b)
