"""bottle_stopper: a stopper with a cork plug and a wooden head, for the corked bottle."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._fitting import DOWN, fitting
from assets.generators._looks import cylinder, plain

PLUG, HEAD = 0.0092, 0.0150  # m, radii; the bottle's bore is 1.05 cm
DEPTH, TOP = 0.018, 0.040  # m, heights of the plug's end and of the head's


def bottle_stopper() -> Draft:
    """A stopper of 3 cm across and 4 cm high, 1.8 of them in the bottle."""
    plug = cylinder((0.0, 0.0, DEPTH / 2), PLUG, DEPTH, sections=24)
    head = cylinder((0.0, 0.0, (DEPTH + TOP) / 2), HEAD, TOP - DEPTH, sections=24)
    return fitting(
        "bottle_stopper",
        "bottle stopper",
        category="stopper",
        visuals=[plain(plug, color=(0.76, 0.58, 0.38)), plain(head, color=(0.42, 0.26, 0.15), specular=0.4)],
        pieces=[plug, head],
        mass=0.015,
        keypoints={"tip": (0.0, 0.0, 0.0)},
        axes={"insert": DOWN},
        grasped=True,
        material="wood",
        description="A bottle stopper: a cork plug under a wooden head.",
    )
