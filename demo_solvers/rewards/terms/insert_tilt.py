"""``insert_tilt(a, b)``: how crooked a plug is to its socket."""

from __future__ import annotations

import math

from demo_solvers.rewards._geometry import fit
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("angle of a plug and its socket's axis", {"a": "plug", "b": "socket"}, unit="rad", high=math.pi))
def insert_tilt(scene: Scene, a: str, b: str) -> Compute:
    """Angle (batch,) rad."""
    return lambda now: fit(now, a, b)[2]
