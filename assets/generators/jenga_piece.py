"""jenga_piece: a wooden block of a stacking game, to be drawn out of its tower."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import OAK
from assets.generators._fitting import ALONG_X, ALONG_Y, fitting
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain

LENGTH, WIDTH, HEIGHT = 0.12, 0.040, 0.024  # m


def jenga_piece() -> Draft:
    """A block of 12 x 4 x 2.4 cm that goes into the tower along +x."""
    x, y = LENGTH / 2, WIDTH / 2
    solid = between((-x, -y, 0.0), (x, y, HEIGHT))
    return fitting(
        "jenga_piece",
        "jenga block",
        category="block",
        visuals=[boxes_visual([solid], texture=grain("jenga piece", OAK.color, contrast=0.25), bevel=0.0015)],
        pieces=[solid],
        mass=0.055,
        keypoints={"tip": (x, 0.0, 0.0), "end": (-x, 0.0, HEIGHT / 2)},
        axes={"insert": ALONG_X, "edge": ALONG_Y},
        grasped=True,
        material="wood",
        description="A block of oak from a stacking game.",
    )
