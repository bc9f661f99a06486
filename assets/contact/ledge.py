"""ledge: a fixed block to slide things on, high enough for a level hand beside it."""

from __future__ import annotations

from assets.annotation.describe import fixture
from assets.draft import Draft
from assets.generators._draws import OAK
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from assets.package import Body

# A Panda's level hand, one finger over the other, is 20.5 cm high: its middle has to be 11 cm over the table or more.
SIDE, HEIGHT = 0.30, 0.12  # m


def ledge() -> Draft:
    """A block of 30 x 30 x 12 cm; the keypoint ``work`` says that the hand works on its middle."""
    h = SIDE / 2
    solid = between((-h, -h, 0.0), (h, h, HEIGHT))
    geometry = fixture([solid]).model_copy(
        update={
            "support": between((-h, -h, HEIGHT - 0.001), (h, h, HEIGHT + 0.001)),
            "keypoints": {"work": (0.0, 0.0, HEIGHT)},
        }
    )
    looks = boxes_visual([solid], texture=grain("ledge", OAK.color, contrast=0.12), bevel=0.003)
    return Draft(
        name="ledge",
        category="ledge",
        noun="ledge",
        bodies={"": Body([looks], [solid], 0.0)},
        geometry={"": geometry},
        affordances=("support",),
        fixed=True,
        material="wood",
        description="A wide block of oak that is bolted to the table.",
    )
