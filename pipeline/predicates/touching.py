"""``(touching a b)``: two bodies are in contact."""

from __future__ import annotations

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body


def touching(world: WorldState, a: Body, b: Body) -> Bools:
    """The engine reports a contact between ``a`` and ``b``, (batch,); no tolerance, symmetric."""
    return world.touching(a, b).copy()
