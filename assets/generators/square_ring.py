"""square_ring: a square ring that goes over a square peg."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import ALONG_Y, DOWN, fitting, square_frame
from assets.generators._shapes import boxes_visual

OUTER, HOLE, HEIGHT = 0.066, 0.042, 0.030  # m; the pegs are 3.6 cm wide, and the hand takes it from outside


def square_ring() -> Draft:
    """A ring of 6.6 cm with a hole of 4.2 cm."""
    pieces = square_frame(OUTER, HOLE, 0.0, HEIGHT)
    return fitting(
        "square_ring",
        "square ring",
        category="ring",
        visuals=[boxes_visual(pieces, color=(0.92, 0.74, 0.18, 1.0), bevel=0.0015)],
        pieces=pieces,
        mass=0.045,
        keypoints={"tip": (0.0, 0.0, 0.0)},
        axes={"insert": DOWN, "edge": ALONG_Y},
        grasped=True,
        material="wood",
        description="A square yellow ring with a square hole.",
    )
