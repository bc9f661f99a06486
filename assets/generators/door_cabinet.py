"""door_cabinet: a fixed wall or kitchen cabinet of wood with one or two swinging doors and a shelf."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import OAK, WHITE, WOODS, Draws, Paint
from assets.generators._fronts import DARK, METAL, Side, carcass, swinging_door, top_support
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from assets.package import Visual
from pipeline.core.geometry import Box

WALL, FRONT, SHELF, GAP = 0.015, 0.016, 0.012, 0.0015  # m
SIDES: tuple[Side, Side] = ("left", "right")


def door_cabinet(seed: int | None = None) -> Draft:
    """A cabinet of 28 x 34 x 38 cm with one door, or a variant."""
    draws = Draws("door_cabinet", seed)
    depth, width = draws.size(0.28, 0.22, 0.32), draws.size(0.34, 0.30, 0.46)
    height, doors = draws.size(0.38, 0.30, 0.44), draws.pick(1, (1, 2))
    wood, paint = draws.pick(OAK, WOODS), draws.pick(WHITE, (WHITE, *WOODS))
    low, high = (-depth / 2, -width / 2, 0.0), (depth / 2, width / 2, height)
    middle = draws.size(0.52, 0.45, 0.6) * height
    front, back, inner = -depth / 2, depth / 2 - WALL, width / 2 - WALL
    shelf = between((front + 0.01, -inner, middle), (back, inner, middle + SHELF))
    panels = [*carcass(low, high, WALL), shelf]
    texture = grain(f"cabinet {wood.name}", wood.color, contrast=0.2)
    base = Part(
        visuals=[boxes_visual(panels, texture=texture)],
        pieces=panels,
        support=top_support(low, high),
        cavity=between((front, -inner, WALL), (back, inner, middle)),
    )
    hinges = (draws.pick("left", SIDES),) if doors == 1 else SIDES
    opens, mass, bar = draws.size(1.9, 1.6, 2.2), draws.size(0.9, 0.6, 1.3), draws.pick(METAL, (METAL, DARK))
    parts = {"": base}
    for side in hinges:
        y0, y1 = (-width / 2, width / 2) if doors == 1 else (GAP, width / 2) if side == "left" else (-width / 2, -GAP)
        slab = between((front - FRONT, y0, 0.002), (front, y1, height - 0.002))
        link = "door" if doors == 1 else f"{side}_door"
        parts[link] = swinging_door(
            link,
            slab,
            looks=_front(slab, paint),
            hinge=side,
            opens=opens,
            mass=round(mass / doors, 3),
            handle_length=0.10,
            handle_color=bar,
            noun=link.replace("_", " "),
        )
    return assemble(
        draws,
        parts,
        category="cabinet",
        noun="cupboard" if seed is None else f"{wood.name} cupboard",
        affordances=("openable", "support"),
        description=f"A small {wood.name} cupboard with {'a door' if doors == 1 else 'two doors'} and a shelf behind.",
    )


def _front(slab: Box, paint: Paint) -> list[Visual]:
    """A framed panel: the slab, and four strips that stand out by 3 mm."""
    (x, y, z), (hx, hy, hz), rim = slab.pose[:3], slab.half, 0.035
    strips = [
        between((x - hx - 0.003, y - hy, z - hz), (x - hx, y - hy + rim, z + hz)),
        between((x - hx - 0.003, y + hy - rim, z - hz), (x - hx, y + hy, z + hz)),
        between((x - hx - 0.003, y - hy + rim, z - hz), (x - hx, y + hy - rim, z - hz + rim)),
        between((x - hx - 0.003, y - hy + rim, z + hz - rim), (x - hx, y + hy - rim, z + hz)),
    ]
    if paint is WHITE:
        return [boxes_visual([slab, *strips], color=(*paint.color, 1.0), bevel=0.002, specular=0.25)]
    texture = grain(f"door {paint.name}", paint.color, contrast=0.18)
    return [boxes_visual([slab, *strips], texture=texture, bevel=0.002)]
