"""basket: an open woven basket that stands on the table and takes groceries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import between, boxes_visual
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance
from pipeline.core.geometry import Box
from pipeline.core.streams import stream

LENGTH, WIDTH, HEIGHT, WALL = 0.17, 0.16, 0.12, 0.008  # m
MASS = 0.35  # kg; heavy enough not to slide when something drops in
AFFORDANCES: tuple[Affordance, ...] = ("container",)


def basket() -> Draft:
    """A basket of 17 x 16 x 12 cm."""
    pieces = _walls()
    looks = boxes_visual(pieces, texture=_weave(), bevel=0.002, tile=0.12)
    geometry = describe(pieces, [looks.mesh], AFFORDANCES, gripper=GRIPPER)
    cavity = between((-LENGTH / 2 + WALL, -WIDTH / 2 + WALL, WALL), (LENGTH / 2 - WALL, WIDTH / 2 - WALL, HEIGHT))
    return Draft(
        "basket", "basket", "basket", {"": Body([looks], pieces, MASS)},
        {"": geometry.model_copy(update={"cavity": cavity})}, AFFORDANCES,
        description="An open basket woven of brown willow, 17 x 16 x 12 cm.",
    )  # fmt: skip


def _walls() -> list[Box]:
    """Floor and four walls."""
    x, y = LENGTH / 2, WIDTH / 2
    return [
        between((-x, -y, 0.0), (x, y, WALL)),
        between((-x, -y, WALL), (x, -y + WALL, HEIGHT)),
        between((-x, y - WALL, WALL), (x, y, HEIGHT)),
        between((-x, -y + WALL, WALL), (-x + WALL, y - WALL, HEIGHT)),
        between((x - WALL, -y + WALL, WALL), (x, y - WALL, HEIGHT)),
    ]


def _weave(size: int = 128, strands: int = 12) -> NDArray[np.uint8]:
    """Willow rods over and under upright stakes (size, size, 3)."""
    rng = stream(0, "assets", "weave")
    u, v = np.meshgrid(np.linspace(0, strands, size), np.linspace(0, strands, size))
    over = (np.floor(u) + np.floor(v)) % 2
    across = np.where(over > 0, np.abs(v % 1 - 0.5), np.abs(u % 1 - 0.5))
    shade = 1.0 - 0.55 * (2 * across) ** 2 - 0.12 * over + rng.normal(0, 0.04, (size, size))
    color = np.array([0.60, 0.42, 0.24]) * 255
    return np.clip(shade[..., None] * color, 0, 255).round().astype(np.uint8)
