"""``joint_speed(link)``: how fast the joint of a link moves."""

from __future__ import annotations

from demo_solvers.rewards.now import Scene
from demo_solvers.rewards.term import Compute, Signature, declares


@declares(Signature("share of its travel that a link moves in a second", {"link": "link"}, high=100.0))
def joint_speed(scene: Scene, link: str) -> Compute:
    """Travels (batch,) a second, opening and closing alike."""
    name = scene.layout.joint_of_body(link)
    spec, column = scene.layout.joint_specs[name], scene.layout.joint(name)
    return lambda now: now.state.joint_velocity[:, column].abs() / (spec.upper - spec.lower)
