"""shelf: a low wooden shelf that stands on the table, open towards the robot (-x); things stand on its top board."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.generators._wood import grain
from assets.package import Body
from pipeline.core.geometry import BodyGeometry

HALF_X, HALF_Y, HEIGHT, PANEL = 0.12, 0.30, 0.16, 0.016  # m


def shelf() -> Draft:
    """A shelf of 24 x 60 x 16 cm: two sides, a middle panel, a back and two boards."""
    z = HEIGHT
    boards = [
        between((-HALF_X, -HALF_Y, z - PANEL), (HALF_X, HALF_Y, z)),
        between((-HALF_X, -HALF_Y + PANEL, 0.012), (HALF_X, HALF_Y - PANEL, 0.012 + PANEL)),
        *(between((-HALF_X, y, 0.0), (HALF_X, y + PANEL, z - PANEL)) for y in (-HALF_Y, HALF_Y - PANEL)),
        between((-HALF_X + 0.004, -PANEL / 2, 0.012 + PANEL), (HALF_X - 0.006, PANEL / 2, z - PANEL)),
        between((HALF_X - 0.006, -HALF_Y + PANEL, 0.012 + PANEL), (HALF_X, HALF_Y - PANEL, z - PANEL)),
    ]
    wood = grain("shelf", (0.62, 0.45, 0.30), size=256, contrast=0.12, rings=12)
    bounds = box((0.0, 0.0, z / 2), (HALF_X, HALF_Y, z / 2))
    support = box((0.0, 0.0, z), (HALF_X - 0.005, HALF_Y - 0.005, 0.001))
    return Draft(
        name="shelf",
        category="shelf",
        noun="shelf",
        bodies={"": Body([boxes_visual(boards, texture=wood, bevel=0.002, tile=0.6)], boards, 0.0)},
        geometry={"": BodyGeometry(bounds=bounds, collision=tuple(boards), support=support)},
        affordances=("support",),
        fixed=True,
    )
