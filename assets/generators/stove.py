"""stove: a fixed flat table stove with one hot plate and a knob that turns it on."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import SILVER, Draws
from assets.generators._fronts import DARK, coated, dial
from assets.generators._looks import cylinder, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between

DEPTH, WIDTH, HEIGHT = 0.26, 0.30, 0.10  # m; a hand that holds the knob has to clear the table
PLATE, THICK = 0.09, 0.006  # m; radius and height of the hot plate
KNOB, TURNS = 0.018, 2.1  # m, rad


def stove() -> Draft:
    """A stove of 26 x 30 x 10 cm whose hot plate, 18 cm across, carries one pan or bowl."""
    body = between((-DEPTH / 2, -WIDTH / 2, 0.0), (DEPTH / 2, WIDTH / 2, HEIGHT))
    plate = cylinder((0.0, 0.0, HEIGHT + THICK / 2), PLATE, THICK, axis=(0.0, 0.0, 1.0))
    side, top = PLATE * 0.7, HEIGHT + THICK  # the square inside the round plate
    base = Part(
        visuals=[coated([body], SILVER), plain(plate, color=DARK, specular=0.3)],
        pieces=[body, plate],
        support=between((-side, -side, top - 0.001), (side, side, top + 0.001)),
    )
    face = (-DEPTH / 2, -WIDTH / 2 + 0.05, 0.065)
    knob = dial("knob", face, KNOB, color=DARK, turns=TURNS, noun="knob")
    return assemble(
        Draws("stove", None),
        {"": base, "knob": knob},
        category="stove",
        noun="stove",
        affordances=("support", "turnable"),
        description="A flat steel stove with one round hot plate and a knob in front.",
    )
