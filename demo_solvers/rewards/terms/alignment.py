"""``alignment(a, b)``: 1 where two directions agree, -1 where they are opposite."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, Slot, declares


@declares(Signature("cosine of the angle of two directions", {"a": "direction", "b": "direction"}, low=-1.0))
def alignment(scene: Scene, a: Slot, b: Slot) -> Compute:
    """Cosine (batch,), smooth where ``angle`` is not."""
    return lambda now: (now[a] * now[b]).sum(dim=-1).clamp(-1.0, 1.0)
