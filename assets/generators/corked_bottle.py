"""corked_bottle: a wine bottle with an open mouth that a stopper goes into."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, hull_of, tube
from assets.generators._looks import cylinder, plain
from assets.generators._shapes import box

BODY, NECK, BORE = 0.036, 0.0145, 0.0105  # m, radii
SHOULDER, FLOOR, LIP = 0.13, 0.185, 0.205  # m, heights; the bore is as deep as the stopper's plug


def corked_bottle() -> Draft:
    """A bottle of 7.2 cm across and 20.5 cm high."""
    body = cylinder((0.0, 0.0, SHOULDER / 2), BODY, SHOULDER, sections=32)
    neck = cylinder((0.0, 0.0, (SHOULDER + FLOOR) / 2), NECK, FLOOR - SHOULDER, sections=32)
    mouth = tube(FLOOR, LIP, inner=BORE, outer=NECK)
    label = cylinder((0.0, 0.0, 0.065), BODY + 0.0003, 0.07, sections=32)
    return fitting(
        "corked_bottle",
        "corked bottle",
        category="bottle",
        visuals=[
            plain(body, neck, *map(hull_of, mouth), color=(0.08, 0.20, 0.10), specular=0.9),
            plain(label, color=(0.93, 0.88, 0.74)),
        ],
        pieces=[body, neck, *mouth],
        mass=0.9,
        keypoints={"seat": (0.0, 0.0, FLOOR + 0.002)},
        axes={"insert": DOWN},
        support=box((0.0, 0.0, FLOOR + 0.002), (BORE, BORE, 0.0005)),
        material="glass",
        description="A dark green wine bottle with a label and a mouth for a stopper.",
    )
