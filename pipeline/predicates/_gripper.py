"""Contacts with the gripper's fingers."""

from __future__ import annotations

from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER
from pipeline.core.world import Bools, WorldState


def pinched(world: WorldState, a: str) -> Bools:
    """Both fingers touch ``a``, (batch,)."""
    return world.touching(a, LEFT_FINGER) & world.touching(a, RIGHT_FINGER)
