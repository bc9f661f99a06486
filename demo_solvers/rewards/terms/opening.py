"""``opening(link)``: how far a drawer, door or button is from its closed end."""

from __future__ import annotations

from demo_solvers.rewards._geometry import opened
from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("share of its travel that a link is open", {"link": "link"}, low=-0.1, high=1.1))
def opening(scene: Scene, link: str) -> Compute:
    """Share (batch,): 0 closed, 1 wide open."""
    spec = scene.layout.joint_specs[scene.layout.joint_of_body(link)]
    return lambda now: (opened(now, link) / (spec.upper - spec.lower)).clamp(-0.1, 1.1)
