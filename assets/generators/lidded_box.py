"""lidded_box: a fixed wooden box whose lid is hinged at the back and lifted by a bar on its top."""

from __future__ import annotations

import numpy as np

from assets.draft import Draft
from assets.generators._draws import CHERRY, WOODS, Draws
from assets.generators._fronts import DARK, GRAVITY, HOLDS, METAL
from assets.generators._handles import DOWN, bar_centre, bar_handle, handle_look, round_bar_grasps
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from pipeline.core.geometry import Box, Joint

WALL, LID = 0.010, 0.012  # m
Y, UP = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def lidded_box(seed: int | None = None) -> Draft:
    """A chest of 20 x 26 x 14 cm, or a variant."""
    draws = Draws("lidded_box", seed)
    depth, width, height = draws.size(0.20, 0.16, 0.24), draws.size(0.26, 0.20, 0.34), draws.size(0.14, 0.09, 0.18)
    wood = draws.pick(CHERRY, WOODS)
    texture = grain(f"box {wood.name}", wood.color, contrast=0.2)
    rim = height - LID
    walls = _walls(depth, width, rim)
    base = Part(
        visuals=[boxes_visual(walls, texture=texture, bevel=0.002)],
        pieces=walls,
        cavity=between((-depth / 2 + WALL, -width / 2 + WALL, WALL), (depth / 2 - WALL, width / 2 - WALL, rim)),
    )
    slab = between((-depth / 2 - 0.006, -width / 2 - 0.004, rim + 0.001), (depth / 2, width / 2 + 0.004, height))
    face = (-depth / 2 + 0.035, 0.0, height)
    handle = bar_handle(face, along=Y, length=0.09, outward=UP)
    opens = draws.size(1.85, 1.7, 2.2)
    mass = round(draws.size(600.0, 450.0, 800.0) * float(np.prod(2 * np.array(slab.half))) + 0.05, 3)
    hinge = Joint(
        name="lid_hinge",
        link="lid",
        kind="revolute",
        axis=Y,
        anchor=(depth / 2, 0.0, rim),
        lower=0.0,
        upper=opens,
        damping=0.15,
        # Stays where it is left, as on a friction hinge.
        friction=round(HOLDS * mass * GRAVITY * depth / 2, 2),
    )
    lid = Part(
        visuals=[
            boxes_visual([slab], texture=texture, bevel=0.003),
            *handle_look(handle, draws.pick(DARK, (DARK, METAL))),
        ],
        pieces=[slab, *handle],
        mass=mass,
        noun="lid",
        joint=hinge,
        keypoints={"handle": bar_centre(face, UP)},
        axes={"pull": UP, "hinge": Y, "bar": Y},
        grasps=round_bar_grasps(bar_centre(face, UP), along=Y, forward=DOWN, tilts=(0.0, 25.0, -25.0)),
    )
    return assemble(
        draws,
        {"": base, "lid": lid},
        category="box",
        noun=draws.noun(wood, "wooden box" if seed is None else "box"),
        affordances=("openable",),
        description=f"A box of {wood.name} wood with a hinged lid and a bar to lift it.",
    )


def _walls(depth: float, width: float, rim: float) -> list[Box]:
    """Floor and four walls, open at the top."""
    x, y = depth / 2, width / 2
    return [
        between((-x, -y, 0.0), (x, y, WALL)),
        between((-x, -y, WALL), (x, -y + WALL, rim)),
        between((-x, y - WALL, WALL), (x, y, rim)),
        between((-x, -y + WALL, WALL), (-x + WALL, y - WALL, rim)),
        between((x - WALL, -y + WALL, WALL), (x, y - WALL, rim)),
    ]
