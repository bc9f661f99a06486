"""Wooden blocks: what the coloured cubes share."""

from __future__ import annotations

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._wood import Color, bevelled_box, grain
from assets.importers.panda import GRIPPER
from assets.package import Body, Visual
from pipeline.core.asset import Affordance
from pipeline.core.geometry import Box

SIDE = 0.045  # m
WOOD_DENSITY = 500.0  # kg/m^3; beech toys are 600 to 700, pine 450


def cube(name: str, noun: str, color: Color) -> Draft:
    """A cube of 4.5 cm with painted wood grain."""
    h = SIDE / 2
    mesh, uv = bevelled_box((h, h, h), bevel=0.002, centre=(0.0, 0.0, h), tile=SIDE * 1.1)
    box = Box(pose=(0.0, 0.0, h, 1.0, 0.0, 0.0, 0.0), half=(h, h, h))
    affordances: tuple[Affordance, ...] = ("graspable", "pushable", "stackable", "support")
    visual = Visual(mesh, uv, grain(name, color, contrast=0.22))
    return Draft(
        name=name,
        category="block",
        noun=noun,
        bodies={"": Body([visual], [box], mass=round(WOOD_DENSITY * SIDE**3, 4))},
        geometry={"": describe([box], [mesh], affordances, gripper=GRIPPER)},
        affordances=affordances,
    )
