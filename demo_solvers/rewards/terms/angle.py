"""``angle(a, b)``: the angle between two directions."""

from __future__ import annotations

import math

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares


@declares(Signature("angle of two directions", {"a": "direction", "b": "direction"}, unit="rad", high=math.pi))
def angle(scene: Scene, a: Slot, b: Slot) -> Compute:
    """Angle (batch,) rad, 0 to pi."""
    return lambda now: (now[a] * now[b]).sum(dim=-1).clamp(-1.0, 1.0).acos()
