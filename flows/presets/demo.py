"""demo: every family with a few demonstrations a task, in real physics on two CPU cores, within minutes."""

from __future__ import annotations

from flows.config import RunConfig

demo = RunConfig(
    preset="demo",
    tasks=6,
    demos=4,
    minimum=2,
    families=("pick_place", "stack", "push", "articulate", "sequence"),
    batch=8,
    rounds=4,
    backend="genesis",
)
