"""tight_peg: a round peg of 30 mm that stands upright and goes into the tight socket."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, round_grasps
from assets.generators._looks import cylinder, plain

RADIUS, LENGTH, BAND = 0.015, 0.10, 0.012  # m
GRASPED = (0.082, 0.072)  # m, heights that stay above the socket
MASS = 0.075  # kg: hard plastic
SIDES = 32


def tight_peg() -> Draft:
    """A peg of 3 cm across and 10 cm long."""
    solid = cylinder((0.0, 0.0, LENGTH / 2), RADIUS, LENGTH, sections=SIDES)
    band = cylinder((0.0, 0.0, LENGTH - BAND / 2), RADIUS + 0.0002, BAND + 0.0004, sections=SIDES)
    return fitting(
        "tight_peg",
        "round peg",
        category="peg",
        visuals=[plain(solid, color=(0.86, 0.84, 0.79)), plain(band, color=(0.80, 0.33, 0.10))],
        pieces=[solid],
        mass=MASS,
        keypoints={"tip": (0.0, 0.0, 0.0), "end": (0.0, 0.0, LENGTH)},
        axes={"insert": DOWN},
        grasps=round_grasps(GRASPED, RADIUS),
        affordances=("graspable",),
        material="plastic",
        description="A round peg of pale plastic with an orange band at its upper end.",
    )
