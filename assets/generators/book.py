"""book: a closed hardback, flat enough to carry things and too wide to grasp from above."""

from __future__ import annotations

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance

LENGTH, WIDTH, HEIGHT, COVER = 0.20, 0.14, 0.03, 0.003  # m
AFFORDANCES: tuple[Affordance, ...] = ("support", "pushable")


def book() -> Draft:
    """A green hardback of 20 x 14 x 3 cm, 0.5 kg."""
    x, y = LENGTH / 2, WIDTH / 2
    solid = box((0.0, 0.0, HEIGHT / 2), (x, y, HEIGHT / 2))
    covers = [
        between((-x, -y, 0.0), (x, y, COVER)),
        between((-x, -y, HEIGHT - COVER), (x, y, HEIGHT)),
        between((-x, -y, COVER), (x, -y + COVER, HEIGHT - COVER)),
    ]
    pages = between((-x + 0.004, -y + COVER, COVER), (x - 0.004, y - 0.004, HEIGHT - COVER))
    title = between((-0.05, 0.01, HEIGHT), (0.05, 0.03, HEIGHT + 0.0003))
    visuals = [
        boxes_visual(covers, color=(0.11, 0.33, 0.26, 1.0), bevel=0.001, specular=0.3),
        boxes_visual([pages], color=(0.94, 0.91, 0.82, 1.0), bevel=0.0005, specular=0.05),
        boxes_visual([title], color=(0.85, 0.72, 0.38, 1.0), bevel=0.0001, specular=0.5),
    ]
    geometry = describe([solid], [v.mesh for v in visuals], AFFORDANCES, gripper=GRIPPER)
    return Draft("book", "book", "book", {"": Body(visuals, [solid], 0.5)}, {"": geometry}, AFFORDANCES)
