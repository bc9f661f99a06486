"""jenga_tower: a tower of five layers of blocks with one block missing; the others are glued together."""

from __future__ import annotations

import numpy as np

from assets.draft import Draft
from assets.generators._draws import BEECH
from assets.generators._fitting import ALONG_X, ALONG_Y, fitting
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from pipeline.core.geometry import Box

LENGTH, WIDTH, HEIGHT, LAYERS = 0.12, 0.040, 0.024, 5  # m; the sizes of a jenga block
OPEN, ROOM = 3, 0.0015  # the layer with the gap, from 0; m that its block has above it and on each side
PROTRUDES = 0.045  # m of the missing block that stick out at its seat


def jenga_tower() -> Draft:
    """A tower of 12 x 12 x 12 cm with a tunnel for a block in the layer under the top one."""
    pieces = [block for layer in range(LAYERS) for block in _layer(layer)]
    floor = OPEN * HEIGHT
    return fitting(
        "jenga_tower",
        "jenga tower",
        category="tower",
        visuals=[boxes_visual(pieces, texture=grain("jenga tower", BEECH.color, contrast=0.2), bevel=0.0015)],
        pieces=pieces,
        mass=1.1,
        keypoints={"seat": (LENGTH / 2 - PROTRUDES, 0.0, floor)},
        axes={"insert": ALONG_X, "edge": ALONG_Y, "front": (-1.0, 0.0, 0.0)},
        material="wood",
        description="A tower of wooden blocks, three a layer, crosswise, with one block missing.",
    )


def _layer(layer: int) -> list[Box]:
    """The blocks of one layer, along x where it is the open one or an even number of layers from it."""
    low, high = layer * HEIGHT, (layer + 1) * HEIGHT
    if layer > OPEN:
        low, high = low + ROOM, high + ROOM
    along_x = (layer - OPEN) % 2 == 0
    blocks = list[Box]()
    for place in np.arange(-1, 2):
        if layer == OPEN and place == 0:
            continue
        gap = ROOM * float(place) if layer == OPEN else 0.0
        top = high + ROOM if layer == OPEN else high
        middle = float(place) * WIDTH + gap
        across = (middle - WIDTH / 2, middle + WIDTH / 2)
        run = (-LENGTH / 2, LENGTH / 2)
        (x0, x1), (y0, y1) = (run, across) if along_x else (across, run)
        blocks.append(between((x0, y0, low), (x1, y1, top)))
    return blocks
