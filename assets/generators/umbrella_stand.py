"""umbrella_stand: a square metal tube on a foot, for one umbrella."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, square_frame
from assets.generators._shapes import between, boxes_visual

BORE, OUTER, FOOT = 0.044, 0.056, 0.13  # m, widths
FLOOR, TOP = 0.012, 0.16  # m, heights


def umbrella_stand() -> Draft:
    """A stand of 16 cm with a foot of 13 cm; an umbrella of 3.4 cm has 5 mm of room on each side."""
    foot = between((-FOOT / 2, -FOOT / 2, 0.0), (FOOT / 2, FOOT / 2, FLOOR))
    pieces = [foot, *square_frame(OUTER, BORE, FLOOR, TOP)]
    half = BORE / 2
    return fitting(
        "umbrella_stand",
        "umbrella stand",
        category="stand",
        visuals=[boxes_visual(pieces, color=(0.24, 0.25, 0.27, 1.0), bevel=0.001, specular=0.6)],
        pieces=pieces,
        mass=1.6,
        keypoints={"seat": (0.0, 0.0, FLOOR)},
        axes={"insert": DOWN},
        cavity=between((-half, -half, FLOOR), (half, half, TOP)),
        material="metal",
        description="A square umbrella stand of dark metal on a wide foot.",
    )
