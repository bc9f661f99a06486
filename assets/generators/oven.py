"""oven: a fixed table-top oven with a glass door that folds down, a rack and dials."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BLACK, CREAM, MINT, RED, SILVER, WHITE, Draws
from assets.generators._fronts import DARK, METAL, carcass, coated, dial, drop_door, top_support
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Box

WALL, FRONT = 0.014, 0.018  # m
SILL = 0.085  # m; the folded door's handle must clear the table
RACK, WIRE = 0.04, 0.002  # m above the floor; half a wire
DIALS = ("heat_dial", "mode_dial", "timer_dial")
PANEL = 0.095  # m, right of the door


def oven(seed: int | None = None) -> Draft:
    """A table-top oven of 30 x 44 x 30 cm with two dials, or a variant."""
    draws = Draws("oven", seed)
    depth, width, height = draws.size(0.30, 0.27, 0.34), draws.size(0.44, 0.40, 0.50), draws.size(0.30, 0.28, 0.33)
    paint, count = draws.pick(BLACK, (BLACK, SILVER, RED, CREAM, MINT, WHITE)), draws.pick(2, (1, 2, 3))
    low, high = (-depth / 2, -width / 2, SILL - WALL), (depth / 2, width / 2, height)
    right, face = -width / 2 + PANEL, -depth / 2 - FRONT
    shell = carcass(low, high, WALL)
    wall = between((-depth / 2, right - WALL, SILL), (depth / 2 - WALL, right, height - WALL))
    console = between((face, -width / 2, SILL - WALL), (-depth / 2, right - 0.002, height))
    legs = [
        between((x - 0.016, y - 0.016, 0.0), (x + 0.016, y + 0.016, SILL - WALL))
        for x in (-depth / 2 + 0.035, depth / 2 - 0.035)
        for y in (-width / 2 + 0.035, width / 2 - 0.035)
    ]
    rack = between((-depth / 2 + 0.006, right, SILL), (depth / 2 - WALL, width / 2 - WALL, SILL + RACK))
    tray = between(
        (rack.pose[0] - rack.half[0], right, SILL + RACK - 2 * WIRE), (depth / 2 - WALL, width / 2 - WALL, SILL + RACK)
    )
    base = Part(
        visuals=[
            coated([*shell, console], paint),
            boxes_visual([wall], color=(0.30, 0.30, 0.31, 1.0)),
            boxes_visual(legs, color=(*DARK, 1.0)),
            boxes_visual(_wires(tray), color=(0.75, 0.76, 0.78, 1.0), bevel=0.0004, specular=0.8),
        ],
        # The rack is one plate to physics: what stands on its wires stands level.
        pieces=[*shell, wall, console, *legs, tray],
        support=top_support(low, high),
        cavity=between((low[0], right, SILL + RACK), (high[0] - WALL, high[1] - WALL, height - WALL)),
    )
    slab = between((face, right + 0.001, SILL), (-depth / 2, width / 2, height))
    (x, y, z), (hx, hy, hz) = slab.pose[:3], slab.half
    glass = between((x - hx - 0.001, y - hy + 0.03, z - hz + 0.03), (x + hx + 0.001, y + hy - 0.03, z + hz - 0.055))
    door = drop_door(
        "door",
        slab,
        looks=[
            coated([slab], paint),
            boxes_visual([glass], color=(0.10, 0.08, 0.06, 1.0), bevel=0.0005, specular=0.9),
        ],
        opens=1.45,
        mass=draws.size(1.0, 0.7, 1.4),
        handle_length=draws.size(0.16, 0.12, 0.2),
        handle_color=METAL,
    )
    turns, radius = draws.size(4.2, 3.0, 4.7), draws.size(0.021, 0.018, 0.024)
    step = (height - SILL) / count
    color = METAL if paint is BLACK else DARK
    dials = {
        name: dial(
            name,
            (face, -width / 2 + PANEL / 2, height - (k + 0.5) * step),
            radius,
            color=color,
            turns=turns,
            noun=name.replace("_", " "),
        )
        for k, name in enumerate(DIALS[:count])
    }
    return assemble(
        draws,
        {"": base, "door": door, **dials},
        category="oven",
        noun=draws.noun(paint, "oven"),
        affordances=("openable", "turnable", "support"),
        description=f"A {paint.name} table-top oven with a glass door that folds down, a wire rack and {count} dial"
        f"{'s' if count > 1 else ''}.",
    )


def _wires(tray: Box) -> list[Box]:
    """Wires from front to back, and two across."""
    (x, y, z), (hx, hy, hz) = tray.pose[:3], tray.half
    rows = [y + hy * (2 * k / 14 - 1) * 0.98 for k in range(15)]
    along = [between((x - hx, r - WIRE / 2, z), (x + hx, r + WIRE / 2, z + hz)) for r in rows]
    across = [between((x + c * hx - WIRE, y - hy, z - hz), (x + c * hx + WIRE, y + hy, z)) for c in (-0.97, 0.97)]
    return [*along, *across]
