"""Peg stands: a square peg on a foot, what the coloured ones share."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import ALONG_Y, DOWN, fitting
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color

PEG, FOOT = 0.036, 0.11  # m, widths
FLOOR, TOP = 0.014, 0.085  # m, heights


def peg_stand(name: str, noun: str, color: Color) -> Draft:
    """A peg of 3.6 cm and 7.1 cm height on a foot of 11 cm."""
    foot = between((-FOOT / 2, -FOOT / 2, 0.0), (FOOT / 2, FOOT / 2, FLOOR))
    peg = between((-PEG / 2, -PEG / 2, FLOOR), (PEG / 2, PEG / 2, TOP))
    return fitting(
        name,
        noun,
        category="peg",
        visuals=[
            boxes_visual([foot], color=(0.82, 0.78, 0.70, 1.0), bevel=0.002),
            boxes_visual([peg], color=(*color, 1.0), bevel=0.003),
        ],
        pieces=[foot, peg],
        mass=0.9,
        keypoints={"seat": (0.0, 0.0, FLOOR)},
        axes={"insert": DOWN, "edge": ALONG_Y},
        material="wood",
        description=f"A square {noun.partition(' ')[0]} peg on a light foot.",
    )
