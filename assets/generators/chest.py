"""chest: a fixed wooden chest of three drawers that slide towards the robot (-x)."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import OAK
from assets.generators.cabinet import DRAWERS, Plan, build

PITCH = 0.125  # m; a drawer then takes a small bowl
# Heights of the bars [m]: an open hand at the middle one must pass below the top one. No hand of the Panda's size gets
# to the lowest, so it has no grasps.
BARS = (0.345, 0.180, 0.060)


def chest() -> Draft:
    """A chest of 30 x 34 x 38 cm."""
    plan = Plan(
        width=0.34,
        depth=0.30,
        height=3 * PITCH,
        travel=0.20,
        mass=0.8,
        bar_length=0.10,
        bars=dict(zip(DRAWERS[3], BARS, strict=True)),
        body=OAK,
        front=(0.55, 0.37, 0.23),
        shine=(0.22, 0.22, 0.24),
    )
    return build(plan, name="chest", noun="chest of drawers")
