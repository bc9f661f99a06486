"""dishwasher: a fixed table-top dishwasher whose front folds down, with a rack on its floor."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BLACK, PAINTS, SILVER, WHITE, Draws
from assets.generators._fronts import DARK, METAL, carcass, coated, drop_door, front_button, top_support
from assets.generators._looks import clock, decal
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Box

WALL, FRONT = 0.016, 0.024  # m
PLINTH, CONSOLE = 0.095, 0.055  # m; the folded door's handle must clear the table
RACK, WIRE = 0.012, 0.0025  # m


def dishwasher(seed: int | None = None) -> Draft:
    """A compact dishwasher of 34 x 40 x 40 cm, or a variant."""
    draws = Draws("dishwasher", seed)
    depth, width, height = draws.size(0.34, 0.30, 0.38), draws.size(0.40, 0.36, 0.46), draws.size(0.40, 0.37, 0.45)
    paint = draws.pick(SILVER, PAINTS)
    low, high = (-depth / 2, -width / 2, PLINTH - WALL), (depth / 2, width / 2, height)
    shell, floor = carcass(low, high, WALL), PLINTH + RACK
    plinth = between((-depth / 2 + 0.02, -width / 2, 0.0), (depth / 2, width / 2, PLINTH - WALL))
    console = between((-depth / 2 - FRONT, -width / 2, height - CONSOLE), (-depth / 2, width / 2, height))
    grid = between((-depth / 2 + 0.004, -width / 2 + WALL, PLINTH), (depth / 2 - WALL, width / 2 - WALL, floor))
    face, panel_z = -depth / 2 - FRONT, height - CONSOLE / 2
    screen = between((face - 0.001, -0.04, panel_z - 0.013), (face, 0.04, panel_z + 0.013))
    base = Part(
        visuals=[
            boxes_visual([*shell, plinth], color=(0.80, 0.81, 0.82, 1.0), bevel=0.003, specular=0.3),
            coated([console], paint),
            boxes_visual(_wires(grid), color=(0.32, 0.44, 0.62, 1.0), bevel=0.0005, specular=0.5),
            decal(screen, clock(draws.pick("1:25", ("1:25", "0:45", "2:10", "3:05"))), right=(0, -1, 0), up=(0, 0, 1)),
        ],
        # The wires are one plate to physics: what stands on them stands level.
        pieces=[*shell, plinth, console, grid],
        support=top_support(low, high),
        cavity=between((low[0], low[1] + WALL, floor), (high[0] - WALL, high[1] - WALL, height - CONSOLE)),
    )
    slab = between((-depth / 2 - FRONT, -width / 2, PLINTH), (-depth / 2, width / 2, height - CONSOLE - 0.002))
    (x, y, z), (hx, hy, hz) = slab.pose[:3], slab.half
    inner = between((x + hx, y - hy + 0.02, z - hz + 0.02), (x + hx + 0.002, y + hy - 0.02, z + hz - 0.02))
    door = drop_door(
        "door",
        slab,
        looks=[
            coated([slab], paint),
            boxes_visual([inner], color=(0.70, 0.71, 0.73, 1.0), bevel=0.0005, specular=0.6),
        ],
        opens=1.5,
        mass=draws.size(0.9, 0.7, 1.0),
        handle_length=draws.size(0.16, 0.12, 0.2),
        handle_color=DARK if paint in (WHITE, BLACK) else METAL,
    )
    place = (face, -width / 2 + 0.05, panel_z)
    power = front_button("power_button", place, (0.014, 0.012), color=(0.16, 0.30, 0.55), noun="power button")
    return assemble(
        draws,
        {"": base, "door": door, "power_button": power},
        category="dishwasher",
        noun=draws.noun(paint, "dishwasher"),
        affordances=("openable", "pressable", "support"),
        description=f"A compact table-top dishwasher with a {paint.name} front that folds down, and a wire rack.",
    )


def _wires(grid: Box) -> list[Box]:
    """A grid of wires along x and y, and a rim, filling the plate that physics sees."""
    (x, y, z), (hx, hy, hz), top = grid.pose[:3], grid.half, grid.pose[2] + grid.half[2]
    rows = [y + hy * s for s in (-0.97, -0.7, -0.42, -0.14, 0.14, 0.42, 0.7, 0.97)]
    columns = [x + hx * s for s in (-0.96, -0.5, 0.0, 0.5, 0.96)]
    along = [between((x - hx, r - WIRE, top - 2 * WIRE), (x + hx, r + WIRE, top)) for r in rows]
    across = [between((c - WIRE, y - hy, z - hz), (c + WIRE, y + hy, top - WIRE)) for c in columns]
    return [*along, *across]
