"""microwave: a fixed microwave oven with a swinging door, a dial and a start button."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import PAINTS, SILVER, Draws
from assets.generators._fronts import DARK, METAL, carcass, coated, dial, front_button, swinging_door, top_support
from assets.generators._looks import clock, cylinder, decal, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.package import Visual
from pipeline.core.geometry import Box

WALL, FRONT, FEET = 0.016, 0.022, 0.012  # m
PLATE = 0.008  # m
GLASS = (0.05, 0.055, 0.06, 1.0)
START = (0.25, 0.55, 0.32)
LINING = (0.78, 0.78, 0.76, 1.0)


def microwave(seed: int | None = None) -> Draft:
    """A microwave of 32 x 44 x 26 cm, door hinged on the left, or a variant."""
    draws = Draws("microwave", seed)
    depth, width = draws.size(0.32, 0.28, 0.36), draws.size(0.44, 0.40, 0.50)
    height, panel = draws.size(0.26, 0.23, 0.29), draws.size(0.105, 0.09, 0.12)
    paint = draws.pick(SILVER, PAINTS)
    low, high = (-depth / 2, -width / 2, FEET), (depth / 2, width / 2, height)
    right = -width / 2 + panel  # y where the door begins, seen from the robot
    shell = carcass(low, high, WALL)
    box = between((-depth / 2, right - WALL, FEET + WALL), (depth / 2 - WALL, right, height - WALL))
    console = between((-depth / 2 - FRONT, -width / 2, FEET), (-depth / 2, right - 0.002, height))
    feet = [
        between((x - 0.012, y - 0.012, 0.0), (x + 0.012, y + 0.012, FEET))
        for x in (-depth / 2 + 0.03, depth / 2 - 0.03)
        for y in (-width / 2 + 0.03, width / 2 - 0.03)
    ]
    centre_y, floor = (right + width / 2 - WALL) / 2, FEET + WALL
    plate = cylinder((0.0, centre_y, floor + PLATE / 2), min(depth, width - panel) / 2 - 0.03, PLATE)
    face = -depth / 2 - FRONT
    screen_z = height - 0.05
    screen = between((face - 0.001, -width / 2 + 0.014, screen_z - 0.016), (face, right - 0.016, screen_z + 0.016))
    time = draws.pick("12:30", ("12:30", "07:15", "10:45", "16:20", "03:00"))
    stand = between((low[0], low[1] + WALL, 0.0), (high[0] - WALL, high[1] - WALL, FEET + WALL))
    base = Part(
        visuals=[
            coated([*shell, console], paint),
            boxes_visual([box, *_lining(depth, right, width, height)], color=LINING, specular=0.4),
            boxes_visual(feet, color=(*DARK, 1.0)),
            plain(plate, color=(0.70, 0.77, 0.79), specular=0.8),
            decal(screen, clock(time), right=(0.0, -1.0, 0.0), up=(0.0, 0.0, 1.0)),
        ],
        # To physics the floor reaches down to the table; on its shell alone it would stand with its door on the table.
        pieces=[*shell[:3], stand, shell[4], box, console, plate],
        support=top_support(low, high),
        cavity=between((-depth / 2, right, floor + PLATE), (depth / 2 - WALL, width / 2 - WALL, height - WALL)),
    )
    slab = between((-depth / 2 - FRONT, right + 0.001, FEET), (-depth / 2, width / 2, height))
    controls, radius = -width / 2 + panel / 2, draws.size(0.02, 0.017, 0.024)
    return assemble(
        draws,
        {
            "": base,
            "door": swinging_door(
                "door",
                slab,
                looks=[coated([slab], paint), _window(slab)],
                hinge="left",
                opens=draws.size(1.8, 1.5, 2.1),
                mass=draws.size(1.1, 0.8, 1.5),
                handle_length=0.11,
                handle_color=draws.pick(METAL, (METAL, DARK)),
            ),
            "dial": dial("dial", (face, controls, height - 0.115), radius, color=DARK, turns=4.2, noun="dial"),
            "start_button": front_button(
                "start_button", (face, controls, FEET + 0.045), (0.022, 0.012), color=START, noun="start button"
            ),
        },
        category="microwave",
        noun=draws.noun(paint, "microwave"),
        affordances=("openable", "pressable", "turnable", "support"),
        description=f"A {paint.name} microwave oven with a dark window, a turntable, a dial and a start button.",
    )


def _lining(depth: float, right: float, width: float, height: float) -> list[Box]:
    """The light enamel behind the door: thin sheets on the shell's inside."""
    x0, x1, y1, t = -depth / 2 + 0.002, depth / 2 - WALL, width / 2 - WALL, 0.001
    z0, z1 = FEET + WALL, height - WALL
    return [
        between((x1 - t, right, z0), (x1, y1, z1)),
        between((x0, y1 - t, z0), (x1, y1, z1)),
        between((x0, right, z0), (x1, y1, z0 + t)),
        between((x0, right, z1 - t), (x1, y1, z1)),
    ]


def _window(slab: Box) -> Visual:
    """Dark glass, 1 mm proud of the door, clear of the handle on its right."""
    (x, y, z), (hx, hy, hz) = slab.pose[:3], slab.half
    glass = between((x - hx - 0.001, y - hy + 0.065, z - hz + 0.035), (x - hx, y + hy - 0.035, z + hz - 0.035))
    return boxes_visual([glass], color=GLASS, bevel=0.0005, specular=0.9)
