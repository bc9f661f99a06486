"""push_box: a closed carton of 10 cm, too wide for a gripper that opens by 8."""

from __future__ import annotations

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import between, boxes_visual
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance

SIDE, TAPE, MASS = 0.10, 0.03, 0.35  # m, m, kg: a carton with something light in it
AFFORDANCES: tuple[Affordance, ...] = ("pushable",)


def push_box() -> Draft:
    """A carton of 10 x 10 x 10 cm, 350 g."""
    h = SIDE / 2
    solid = between((-h, -h, 0.0), (h, h, SIDE))
    tape = between((-h - 0.0003, -TAPE / 2, 0.06), (h + 0.0003, TAPE / 2, SIDE + 0.0003))
    visuals = [
        boxes_visual([solid], color=(0.74, 0.56, 0.37, 1.0), bevel=0.002, specular=0.05),
        boxes_visual([tape], color=(0.86, 0.80, 0.66, 1.0), bevel=0.0001, specular=0.4),
    ]
    return Draft(
        name="push_box",
        category="carton",
        noun="cardboard box",
        bodies={"": Body(visuals, [solid], MASS)},
        geometry={"": describe([solid], [v.mesh for v in visuals], AFFORDANCES, gripper=GRIPPER)},
        affordances=AFFORDANCES,
        material="cardboard",
        description="A closed cardboard box of 10 cm with a strip of tape over its top.",
    )
