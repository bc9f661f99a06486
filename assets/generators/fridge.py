"""fridge: a fixed table-top fridge of about ten litres with a swinging door and a glass shelf."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import PAINTS, WHITE, Draws
from assets.generators._fronts import METAL, carcass, coated, swinging_door, top_support
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Box

WALL, FRONT, FEET, SHELF = 0.024, 0.032, 0.012, 0.005  # m
LINER = (0.94, 0.95, 0.96, 1.0)
SHEET = 0.0015  # m


def fridge(seed: int | None = None) -> Draft:
    """A desk fridge of 28 x 30 x 42 cm, or a variant."""
    draws = Draws("fridge", seed)
    depth, width, height = draws.size(0.28, 0.25, 0.34), draws.size(0.30, 0.27, 0.38), draws.size(0.42, 0.36, 0.50)
    paint = draws.pick(WHITE, PAINTS)
    low, high = (-depth / 2, -width / 2, FEET), (depth / 2, width / 2, height)
    inside = between((low[0], low[1] + WALL, FEET + WALL), (high[0] - WALL, high[1] - WALL, height - WALL))
    middle = FEET + WALL + draws.size(0.55, 0.45, 0.65) * 2 * inside.half[2]
    shelf = between((-depth / 2 + 0.025, low[1] + WALL, middle), (high[0] - WALL, high[1] - WALL, middle + SHELF))
    shell = carcass(low, high, WALL)
    feet = [
        between((x - 0.015, y - 0.015, 0.0), (x + 0.015, y + 0.015, FEET))
        for x in (-depth / 2 + 0.03, depth / 2 - 0.03)
        for y in (-width / 2 + 0.03, width / 2 - 0.03)
    ]
    stand = between((low[0], low[1] + WALL, 0.0), (high[0] - WALL, high[1] - WALL, FEET + WALL))
    base = Part(
        visuals=[
            coated(shell, paint, bevel=0.004),
            boxes_visual(_liner(inside), color=LINER, bevel=0.0005, specular=0.3),
            boxes_visual([shelf], color=(0.62, 0.76, 0.78, 1.0), bevel=0.001, specular=0.8),
            boxes_visual(feet, color=(0.15, 0.15, 0.16, 1.0)),
        ],
        # To physics the floor reaches down to the table; on its shell alone it would stand with its door on the table.
        pieces=[*shell[:3], stand, shell[4], shelf],
        support=top_support(low, high),
        cavity=between((low[0], low[1] + WALL, FEET + WALL), (high[0] - WALL, high[1] - WALL, middle)),
    )
    slab = between((low[0] - FRONT, low[1], FEET), (low[0], high[1], height))
    seal = between((low[0], low[1] + 0.012, FEET + 0.012), (low[0] + SHEET, high[1] - 0.012, height - 0.012))
    door = swinging_door(
        "door",
        slab,
        looks=[
            coated([slab], paint, bevel=0.006),
            boxes_visual([seal], color=(0.80, 0.81, 0.82, 1.0), bevel=0.0005),
        ],
        hinge=draws.pick("right", ("left", "right")),
        opens=draws.size(1.9, 1.6, 2.3),
        mass=draws.size(1.4, 1.0, 1.9),
        handle_length=draws.size(0.13, 0.10, 0.18),
        handle_color=METAL,
    )
    return assemble(
        draws,
        {"": base, "door": door},
        category="fridge",
        noun=draws.noun(paint, "fridge"),
        affordances=("openable", "support"),
        description=f"A {paint.name} table-top fridge of about ten litres with a glass shelf and a steel handle.",
    )


def _liner(inside: Box) -> list[Box]:
    """Thin white sheets on the inner walls."""
    (x, y, z), (hx, hy, hz) = inside.pose[:3], inside.half
    x0, x1, y0, y1, z0, z1 = x - hx + 0.002, x + hx, y - hy, y + hy, z - hz, z + hz
    return [
        between((x1 - SHEET, y0, z0), (x1, y1, z1)),
        between((x0, y0, z0), (x1, y0 + SHEET, z1)),
        between((x0, y1 - SHEET, z0), (x1, y1, z1)),
        between((x0, y0, z0), (x1, y1, z0 + SHEET)),
        between((x0, y0, z1 - SHEET), (x1, y1, z1)),
    ]
