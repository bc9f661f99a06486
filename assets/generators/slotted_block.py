"""slotted_block: a wooden knife block with one upright slot."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BEECH
from assets.generators._fitting import ALONG_X, ALONG_Y, DOWN, fitting
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain

DEPTH, WIDTH, HEIGHT = 0.10, 0.11, 0.115  # m
SLOT, SLOT_WIDTH, FLOOR = 0.008, 0.036, 0.012  # m; the chef's knife is 3 mm thick and 3 cm wide


def slotted_block() -> Draft:
    """A block of 10 x 11 x 11.5 cm with a slot of 8 x 36 mm, 10.3 cm deep."""
    x, y, a, b = DEPTH / 2, WIDTH / 2, SLOT / 2, SLOT_WIDTH / 2
    pieces = [
        between((-x, -y, 0.0), (x, y, FLOOR)),
        between((a, -y, FLOOR), (x, y, HEIGHT)),
        between((-x, -y, FLOOR), (-a, y, HEIGHT)),
        between((-a, b, FLOOR), (a, y, HEIGHT)),
        between((-a, -y, FLOOR), (a, -b, HEIGHT)),
    ]
    return fitting(
        "slotted_block",
        "slotted knife block",
        category="block",
        visuals=[boxes_visual(pieces, texture=grain("slotted block", BEECH.color, contrast=0.2), bevel=0.0008)],
        pieces=pieces,
        mass=0.9,
        keypoints={"seat": (0.0, 0.0, FLOOR)},
        axes={"insert": DOWN, "edge": ALONG_Y, "front": ALONG_X},
        cavity=between((-a, -b, FLOOR), (a, b, HEIGHT)),
        material="wood",
        description="A knife block of beech with one upright slot.",
    )
