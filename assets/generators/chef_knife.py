"""chef_knife: a straight kitchen knife that lies on its side or sticks in the slotted block."""

from __future__ import annotations

import numpy as np

from assets.draft import Draft
from assets.generators._fitting import ALONG_X, ALONG_Y, fitting
from assets.generators._shapes import between, boxes_visual
from assets.values import pose7
from pipeline.core.geometry import Grasp
from pipeline.core.poses import matrix_to_quat

BLADE, HANDLE = 0.12, 0.11  # m, lengths
BLADE_WIDTH, BLADE_THICKNESS = 0.030, 0.003  # m
HANDLE_WIDTH, HANDLE_THICKNESS = 0.022, 0.018  # m
PLACES = (0.055, 0.04, 0.07, 0.03, 0.085)  # m from the handle's end that fingers close at
TILTS = np.radians((0.0, 15.0, -15.0, 30.0, -30.0))  # about the closing axis; negative leans towards the tip


def chef_knife() -> Draft:
    """A knife of 23 cm whose blade points along +x, on its side."""
    end, middle = -(BLADE + HANDLE) / 2, HANDLE_THICKNESS / 2
    joint, tip = end + HANDLE, -end
    handle = between((end, -HANDLE_WIDTH / 2, 0.0), (joint, HANDLE_WIDTH / 2, HANDLE_THICKNESS))
    blade = between(
        (joint, -BLADE_WIDTH / 2, middle - BLADE_THICKNESS / 2), (tip, BLADE_WIDTH / 2, middle + BLADE_THICKNESS / 2)
    )
    return fitting(
        "chef_knife",
        "chef's knife",
        category="knife",
        visuals=[
            boxes_visual([handle], color=(0.16, 0.10, 0.07, 1.0), bevel=0.003, specular=0.4),
            boxes_visual([blade], color=(0.78, 0.79, 0.81, 1.0), bevel=0.001, specular=0.9),
        ],
        pieces=[handle, blade],
        mass=0.14,
        keypoints={"tip": (tip, 0.0, middle), "handle": (end + HANDLE / 2, 0.0, middle)},
        axes={"insert": ALONG_X, "edge": ALONG_Y},
        grasps=_grasps(end, middle),
        material="steel",
        description="A chef's knife with a straight steel blade and a dark wooden handle.",
    )


def _grasps(end: float, middle: float) -> list[Grasp]:
    """From above, fingers across the handle's width, each with its half-turn twin."""
    found = list[Grasp]()
    for rank, place in enumerate(PLACES):
        for tilt in TILTS:
            approach = np.array([np.sin(tilt), 0.0, -np.cos(tilt)])
            for closing in ((0.0, 1.0, 0.0), (0.0, -1.0, 0.0)):
                y = np.array(closing)
                quat = matrix_to_quat(np.stack([np.cross(y, approach), y, approach], axis=-1))
                score = 0.95 - 0.05 * rank - 0.3 * abs(float(tilt))
                found.append(Grasp(pose=pose7((end + place, 0.0, middle), quat), width=HANDLE_WIDTH, score=score))
    return sorted(found, key=lambda g: -g.score)
