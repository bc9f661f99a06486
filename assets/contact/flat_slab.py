"""flat_slab: a flat box, too wide for the hand in either direction from above, with ends to push at."""

from __future__ import annotations

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._draws import CHERRY
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance

LENGTH, WIDTH, HEIGHT = 0.18, 0.12, 0.04  # m; four centimetres give two fingertips a face to push against
MASS = 0.45  # kg: hollow, as solid wood it would be 0.56
AFFORDANCES: tuple[Affordance, ...] = ("pushable",)


def flat_slab() -> Draft:
    """A flat wooden box of 18 x 12 x 4 cm, 450 g."""
    x, y = LENGTH / 2, WIDTH / 2
    solid = between((-x, -y, 0.0), (x, y, HEIGHT))
    inlay = between((-x + 0.03, -0.01, HEIGHT), (x - 0.03, 0.01, HEIGHT + 0.0003))
    visuals = [
        boxes_visual([solid], texture=grain("flat slab", CHERRY.color, contrast=0.2), bevel=0.002),
        boxes_visual([inlay], color=(0.85, 0.76, 0.58, 1.0), bevel=0.0001),
    ]
    return Draft(
        name="flat_slab",
        category="case",
        noun="flat wooden case",
        bodies={"": Body(visuals, [solid], MASS)},
        geometry={"": describe([solid], [v.mesh for v in visuals], AFFORDANCES, gripper=GRIPPER)},
        affordances=AFFORDANCES,
        material="wood",
        description="A flat case of cherry wood with a pale strip along its lid.",
    )
