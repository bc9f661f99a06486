"""jam_jar: a glass of jam with a neck that a lid goes over."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting
from assets.generators._looks import cylinder, plain
from assets.generators._shapes import box

BODY, NECK = 0.036, 0.027  # m, radii
SHOULDER, RIM = 0.085, 0.103  # m, heights
SKIRT = 0.010  # m by which the lid reaches down over the neck


def jam_jar() -> Draft:
    """A jar of 7.2 cm across and 10.3 cm high."""
    body = cylinder((0.0, 0.0, SHOULDER / 2), BODY, SHOULDER, sections=32)
    neck = cylinder((0.0, 0.0, (SHOULDER + RIM) / 2), NECK, RIM - SHOULDER, sections=32)
    label = cylinder((0.0, 0.0, 0.042), BODY + 0.0003, 0.045, sections=32)
    return fitting(
        "jam_jar",
        "jam jar",
        category="jar",
        visuals=[plain(body, neck, color=(0.55, 0.10, 0.12), specular=0.8), plain(label, color=(0.95, 0.92, 0.82))],
        pieces=[body, neck],
        mass=0.45,
        keypoints={"seat": (0.0, 0.0, RIM - SKIRT)},
        axes={"insert": DOWN},
        support=box((0.0, 0.0, RIM - SKIRT), (NECK, NECK, 0.0005)),
        material="glass",
        description="A glass jar of red jam with a paper label and a neck for a lid.",
    )
