"""table: the fixed work table; its frame is the world's: top at z = 0, robot at the origin."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.generators._wood import grain
from assets.package import Body
from pipeline.core.geometry import BodyGeometry

CENTRE_X, HALF_X, HALF_Y = 0.45, 0.6, 0.7  # m
THICK, LEG, FLOOR = 0.05, 0.06, -0.75  # m


def table() -> Draft:
    """A wooden table of 1.2 x 1.4 m."""
    top = box((CENTRE_X, 0.0, -THICK / 2), (HALF_X, HALF_Y, THICK / 2))
    xs = (CENTRE_X - HALF_X + 0.02, CENTRE_X + HALF_X - 0.02 - LEG)
    ys = (-HALF_Y + 0.02, HALF_Y - 0.02 - LEG)
    legs = [between((x, y, FLOOR), (x + LEG, y + LEG, -THICK)) for x in xs for y in ys]
    wood = grain("table", (0.74, 0.58, 0.42), size=256, contrast=0.08, rings=14)
    visual = boxes_visual([top, *legs], texture=wood, bevel=0.004, tile=0.7, specular=0.1)
    support = box((CENTRE_X, 0.0, 0.0), (HALF_X - 0.02, HALF_Y - 0.02, 0.001))
    return Draft(
        name="table",
        category="table",
        noun="table",
        bodies={"": Body([visual], [top], 0.0)},
        geometry={"": BodyGeometry(bounds=top, collision=(top,), support=support)},
        affordances=("support",),
        fixed=True,
    )
