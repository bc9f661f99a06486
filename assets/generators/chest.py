"""chest: a fixed wooden chest of three drawers that slide towards the robot (-x)."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import OAK
from assets.generators.cabinet import DRAWERS, Plan, build

PITCH = 0.125  # m; a drawer then takes a small bowl
BAR = 0.095  # m from a front's foot to its bar


def chest() -> Draft:
    """A chest of 30 x 34 x 38 cm."""
    names = DRAWERS[3]
    plan = Plan(
        width=0.34,
        depth=0.30,
        height=3 * PITCH,
        travel=0.20,
        mass=0.8,
        bar_length=0.10,
        bars={name: level * PITCH + BAR for level, name in zip((2, 1, 0), names, strict=True)},
        body=OAK,
        front=(0.55, 0.37, 0.23),
        shine=(0.22, 0.22, 0.24),
    )
    return build(plan, name="chest", noun="chest of drawers")
