"""side_table: a small light table; its frame's origin is in the middle of its top."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.generators._wood import grain
from assets.package import Body
from pipeline.core.geometry import BodyGeometry

HALF_X, HALF_Y, THICK, LEG, FLOOR = (
    0.35,
    0.25,
    0.035,
    0.045,
    -0.95,
)  # m; longer than any table is high, the floor hides the rest


def side_table() -> Draft:
    """A table of 70 x 50 cm with four legs, in pale wood."""
    top = box((0.0, 0.0, -THICK / 2), (HALF_X, HALF_Y, THICK / 2))
    corners = [(x, y) for x in (-HALF_X + 0.02, HALF_X - 0.02 - LEG) for y in (-HALF_Y + 0.02, HALF_Y - 0.02 - LEG)]
    legs = [between((x, y, FLOOR), (x + LEG, y + LEG, -THICK)) for x, y in corners]
    wood = grain("side_table", (0.86, 0.78, 0.64), size=256, contrast=0.07, rings=11)
    support = box((0.0, 0.0, 0.0), (HALF_X - 0.02, HALF_Y - 0.02, 0.001))
    return Draft(
        name="side_table",
        category="table",
        noun="side table",
        bodies={"": Body([boxes_visual([top, *legs], texture=wood, bevel=0.004, tile=0.7, specular=0.1)], [top], 0.0)},
        geometry={"": BodyGeometry(bounds=top, collision=(top,), support=support)},
        affordances=("support",),
        fixed=True,
    )
