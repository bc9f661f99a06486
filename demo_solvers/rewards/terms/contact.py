"""``contact(a, b)``: two bodies touch."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, ROBOT

PARTS = {"hand": (LEFT_FINGER, RIGHT_FINGER), "arm": (ROBOT,)}
"""Names of parts of the robot; ``hand`` is either finger."""


@declares(Signature("whether two bodies touch", {"a": "toucher", "b": "toucher"}, gives="condition"))
def contact(scene: Scene, a: str, b: str) -> Compute:
    """True (batch,) where the engine reports a contact."""
    pairs = [(one, two) for one in PARTS.get(a, (a,)) for two in PARTS.get(b, (b,))]
    if len(pairs) == 1:
        return lambda now: now.touching(*pairs[0])
    rows = [scene.layout.body(one) for one, _ in pairs]
    columns = [scene.layout.body(two) for _, two in pairs]
    return lambda now: now.state.contact[:, rows, columns].any(dim=1)
