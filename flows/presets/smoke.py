"""smoke: two tasks without physics, in seconds; shows that an installation is whole, not that a robot can do it."""

from __future__ import annotations

from flows.config import RunConfig

smoke = RunConfig(
    preset="smoke",
    tasks=2,
    demos=1,
    minimum=1,
    families=("pick_place", "stack", "push", "articulate", "sequence"),
    batch=4,
    rounds=2,
    backend="kinematic",
    learn_steps=0,  # seconds are not enough to learn
)
