"""rack: a low fixed wooden rack with slats, to stand bottles on."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BEECH, Draws
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain

DEPTH, WIDTH, HEIGHT, SLAT = 0.18, 0.26, 0.07, 0.012  # m
SLATS = 6


def rack() -> Draft:
    """A rack of 18 x 26 x 7 cm."""
    x, y = DEPTH / 2, WIDTH / 2
    sides = [
        between((-x, -y, 0.0), (x, -y + SLAT, HEIGHT - SLAT)),
        between((-x, y - SLAT, 0.0), (x, y, HEIGHT - SLAT)),
    ]
    step = DEPTH / SLATS
    slats = [between((-x + k * step, -y, HEIGHT - SLAT), (-x + (k + 0.7) * step, y, HEIGHT)) for k in range(SLATS)]
    # To physics the slats are one board: what stands on them stands level.
    board = between((-x, -y, HEIGHT - SLAT), (x, y, HEIGHT))
    base = Part(
        visuals=[boxes_visual([*sides, *slats], texture=grain("rack", BEECH.color, contrast=0.2), bevel=0.002)],
        pieces=[*sides, board],
        support=between((-x + 0.008, -y + 0.008, HEIGHT - 0.001), (x - 0.008, y - 0.008, HEIGHT + 0.001)),
    )
    return assemble(
        Draws("rack", None),
        {"": base},
        category="rack",
        noun="wooden rack",
        affordances=("support",),
        description="A low rack of beech slats for bottles.",
    )
