"""thin_board: a board too wide and too thin to be grasped where it lies, but by its rim where that hangs over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import between, boxes_visual
from assets.importers.panda import GRIPPER
from assets.package import Body
from assets.values import pose7
from pipeline.core.asset import Affordance
from pipeline.core.geometry import Grasp
from pipeline.core.poses import matrix_to_quat

LENGTH, WIDTH, THICK = 0.18, 0.14, 0.012  # m
MASS = 0.2  # kg: beech
DEEP = 0.018  # m that the tool point goes beyond the rim
SIDES = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))  # outward normals
PLACES = (0.0, -0.03, 0.03)  # m along the rim from its middle
SLOPES = (0.0, 12.0)  # degrees by which the hand points down
AFFORDANCES: tuple[Affordance, ...] = ("support",)


def thin_board() -> Draft:
    """A board of 18 x 14 x 1.2 cm, 200 g."""
    x, y = LENGTH / 2, WIDTH / 2
    solid = between((-x, -y, 0.0), (x, y, THICK))
    looks = boxes_visual([solid], color=(0.93, 0.90, 0.84, 1.0), bevel=0.001, specular=0.3)
    stripe = boxes_visual(
        [between((-x + 0.015, -0.003, THICK), (x - 0.015, 0.003, THICK + 0.0002))],
        color=(0.75, 0.22, 0.16, 1.0),
        bevel=0.0001,
    )
    geometry = describe([solid], [looks.mesh, stripe.mesh], AFFORDANCES, gripper=GRIPPER)
    return Draft(
        name="thin_board",
        category="board",
        noun="white board",
        bodies={"": Body([looks, stripe], [solid], MASS)},
        geometry={"": geometry.model_copy(update={"grasps": tuple(sorted(_rim(), key=lambda g: -g.score))})},
        affordances=AFFORDANCES,
        material="wood",
        description="A thin board of wood, painted white, with a red line along its middle.",
    )


def _rim() -> Iterator[Grasp]:
    """Hands from the side, one finger above and one below; the middles of all four sides first, then beside them."""
    half = {0: LENGTH / 2, 1: WIDTH / 2}
    for normal in SIDES:
        side = 0 if normal[0] else 1
        outward = np.array([*normal, 0.0])
        along = np.array([-normal[1], normal[0], 0.0])
        for place in PLACES:
            for slope in np.radians(SLOPES):
                ahead = -np.cos(slope) * outward - np.sin(slope) * np.array([0.0, 0.0, 1.0])
                spot = outward * half[side] + along * place + np.array([0.0, 0.0, THICK / 2]) + DEEP * ahead
                score = 0.9 - 2.0 * abs(place) - 0.5 * float(slope)
                for x in (along, -along):
                    quat = matrix_to_quat(np.stack([x, np.cross(ahead, x), ahead], axis=-1))
                    yield Grasp(pose=pose7(spot, quat), width=THICK, score=score)
