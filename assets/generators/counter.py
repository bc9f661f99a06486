"""counter: a kitchen counter with cupboard doors; its frame is the world's: top at z = 0, robot at the origin."""

from __future__ import annotations

import numpy as np

from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.package import Body
from pipeline.core.geometry import BodyGeometry
from pipeline.core.streams import stream

CENTRE_X, HALF_X, HALF_Y = 0.45, 0.6, 0.7  # m, as the table
THICK, FLOOR, PLINTH, INSET = 0.04, -0.75, 0.08, 0.03  # m
DOORS, JOINT, FRONT = 3, 0.006, 0.018  # fronts on each side, gap between them [m], their thickness [m]


def counter() -> Draft:
    """A stone worktop of 1.2 x 1.4 m on a white base with doors on the camera's side and opposite."""
    top = box((CENTRE_X, 0.0, -THICK / 2), (HALF_X, HALF_Y, THICK / 2))
    x0, x1, y = CENTRE_X - HALF_X + INSET, CENTRE_X + HALF_X - INSET, HALF_Y - INSET
    base = between((x0, -y + FRONT, FLOOR + PLINTH), (x1, y - FRONT, -THICK))
    plinth = between((x0 + 0.05, -y + 0.07, FLOOR), (x1 - 0.05, y - 0.07, FLOOR + PLINTH))
    fronts, handles = _fronts(x0, x1, y)
    support = box((CENTRE_X, 0.0, 0.0), (HALF_X - 0.02, HALF_Y - 0.02, 0.001))
    visuals = [
        boxes_visual([top], texture=_stone(), bevel=0.004, tile=0.6, specular=0.4),
        boxes_visual([base, *fronts], color=(0.90, 0.89, 0.86, 1.0), bevel=0.002),
        boxes_visual([plinth, *handles], color=(0.25, 0.25, 0.27, 1.0), bevel=0.002, specular=0.5),
    ]
    return Draft(
        name="counter",
        category="counter",
        noun="counter",
        bodies={"": Body(visuals, [top], 0.0)},
        geometry={"": BodyGeometry(bounds=top, collision=(top,), support=support)},
        affordances=("support",),
        fixed=True,
    )


def _fronts(x0: float, x1: float, y: float) -> tuple[list, list]:
    """Doors and their bar handles on both long sides."""
    doors, handles, width = [], [], (x1 - x0) / DOORS
    low, high = FLOOR + PLINTH + JOINT, -THICK - JOINT
    for side in (-1.0, 1.0):
        inner, outer = sorted((side * (y - FRONT), side * y)), sorted((side * y, side * (y + 0.02)))
        for i in range(DOORS):
            left, right = x0 + i * width + JOINT / 2, x0 + (i + 1) * width - JOINT / 2
            doors.append(between((left, inner[0], low), (right, inner[1], high)))
            grip = (left + right) / 2
            handles.append(between((grip - 0.06, outer[0], high - 0.07), (grip + 0.06, outer[1], high - 0.055)))
    return doors, handles


def _stone(size: int = 256) -> np.ndarray:
    """Speckled grey granite (size, size, 3) uint8."""
    rng = stream(0, "assets", "stone", "counter")
    speckle = rng.normal(0, 1, (size, size))
    coarse = np.kron(rng.normal(0, 1, (size // 4, size // 4)), np.ones((4, 4)))
    shade = 0.46 + 0.05 * speckle + 0.04 * coarse + 0.16 * (speckle > 2.2) - 0.16 * (speckle < -2.0)
    return np.clip(shade[..., None] * np.array([1.0, 0.99, 0.97]) * 255, 0, 255).round().astype(np.uint8)
