"""carton: a taped cardboard box, too wide to grasp from above, to be pushed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import between, box, boxes_visual
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance
from pipeline.core.streams import stream

LENGTH, WIDTH, HEIGHT = 0.12, 0.10, 0.07  # m
AFFORDANCES: tuple[Affordance, ...] = ("pushable", "support")


def carton() -> Draft:
    """A box of 12 x 10 x 7 cm, 0.2 kg."""
    x, y = LENGTH / 2, WIDTH / 2
    solid = box((0.0, 0.0, HEIGHT / 2), (x, y, HEIGHT / 2))
    tape = [
        between((-x, -0.012, HEIGHT), (x, 0.012, HEIGHT + 0.0003)),
        between((-x - 0.0003, -0.012, HEIGHT - 0.02), (-x, 0.012, HEIGHT)),
        between((x, -0.012, HEIGHT - 0.02), (x + 0.0003, 0.012, HEIGHT)),
    ]
    visuals = [
        boxes_visual([solid], texture=_cardboard(), bevel=0.001, tile=0.13),
        boxes_visual(tape, color=(0.80, 0.68, 0.46, 1.0), bevel=0.0001, specular=0.5),
    ]
    geometry = describe([solid], [v.mesh for v in visuals], AFFORDANCES, gripper=GRIPPER)
    return Draft("carton", "box", "cardboard box", {"": Body(visuals, [solid], 0.2)}, {"": geometry}, AFFORDANCES)


def _cardboard(size: int = 128) -> NDArray[np.uint8]:
    """Brown paper with flecks and the faint lines of the corrugation."""
    rng = stream(0, "assets", "cardboard")
    flute = 0.02 * np.sin(2 * np.pi * 24 * np.linspace(0, 1, size))[:, None]
    shade = 1 + flute + rng.normal(0, 0.02, (size, size)) - 0.12 * (rng.random((size, size)) > 0.985)
    color = np.array([0.69, 0.51, 0.33]) * 255
    return np.clip(shade[..., None] * color, 0, 255).round().astype(np.uint8)
