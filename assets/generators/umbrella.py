"""umbrella: a furled umbrella with a straight handle, as it stands in an umbrella stand."""

from __future__ import annotations

from itertools import pairwise

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting, round_grasps
from assets.generators._looks import cylinder, plain

FERRULE, CANOPY, SHAFT, HANDLE = 0.011, 0.017, 0.006, 0.013  # m, radii
HEIGHTS = (0.0, 0.02, 0.19, 0.215, 0.30)  # m: of the four parts' ends, from the tip up


def umbrella() -> Draft:
    """An umbrella of 30 cm, furled to 3.4 cm."""
    spans = list(pairwise(HEIGHTS))
    ferrule, canopy, shaft, handle = (
        cylinder((0.0, 0.0, (low + high) / 2), radius, high - low)
        for radius, (low, high) in zip((FERRULE, CANOPY, SHAFT, HANDLE), spans, strict=True)
    )
    return fitting(
        "umbrella",
        "umbrella",
        category="umbrella",
        visuals=[
            plain(ferrule, shaft, color=(0.62, 0.63, 0.65), specular=0.8),
            plain(canopy, color=(0.16, 0.22, 0.46)),
            plain(handle, color=(0.45, 0.27, 0.14), specular=0.5),
        ],
        pieces=[ferrule, canopy, shaft, handle],
        mass=0.18,
        keypoints={"tip": (0.0, 0.0, 0.0), "handle": (0.0, 0.0, 0.26)},
        axes={"insert": DOWN},
        grasps=round_grasps((0.265, 0.25), HANDLE),
        material="plastic",
        description="A furled blue umbrella with a straight wooden handle.",
    )
