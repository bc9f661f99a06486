"""laptop: a laptop fixed to the table, closed, its screen towards the robot when opened."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BLACK, BLUE, GREEN, MINT, RED, SILVER, Draws
from assets.generators._fronts import coated
from assets.generators._looks import decal, desktop, keyboard
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Joint

BASE, LID, LIP = 0.017, 0.009, 0.010  # m; the lip stands out over the base for a fingertip
SKIN = 0.0006  # m
RIGHT, AWAY = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)  # as seen from the robot


def laptop(seed: int | None = None) -> Draft:
    """A laptop of 22 x 31 cm, 2.6 cm thick when closed, or a variant."""
    draws = Draws("laptop", seed)
    depth, width = draws.size(0.22, 0.19, 0.25), draws.size(0.31, 0.27, 0.36)
    paint = draws.pick(SILVER, (SILVER, BLACK, BLUE, RED))
    wallpaper = draws.pick(BLUE, (BLUE, MINT, GREEN, RED))
    x, y = depth / 2, width / 2
    body = between((-x, -y, 0.003), (x, y, BASE))
    feet = [
        between((u - 0.01, v - 0.01, 0.0), (u + 0.01, v + 0.01, 0.003))
        for u in (-x + 0.02, x - 0.02)
        for v in (-y + 0.02, y - 0.02)
    ]
    keys = between((-x + 0.006, -y + 0.008, BASE), (x - 0.018, y - 0.008, BASE + SKIN))
    base = Part(
        visuals=[
            coated([body], paint),
            boxes_visual(feet, color=(0.1, 0.1, 0.1, 1.0)),
            decal(keys, keyboard(paint.color), right=RIGHT, up=AWAY),
        ],
        pieces=[body, *feet],
    )
    low = BASE + 0.002
    panel = between((-x - LIP, -y, low), (x - 0.004, y, low + LID))
    screen = between((-x + 0.004, -y + 0.008, low - SKIN), (x - 0.018, y - 0.008, low))
    lid = Part(
        visuals=[
            coated([panel], paint),
            # Closed it faces down, with the picture's foot at the hinge.
            decal(screen, desktop(wallpaper.color), right=RIGHT, up=(-1.0, 0.0, 0.0), specular=0.8),
        ],
        pieces=[panel],
        mass=draws.size(0.45, 0.3, 0.6),
        noun="lid",
        joint=Joint(
            name="lid_hinge",
            link="lid",
            kind="revolute",
            axis=(0.0, 1.0, 0.0),
            anchor=(x - 0.004, 0.0, low),
            lower=0.0,
            upper=draws.size(2.1, 1.9, 2.4),
            damping=0.1,
            # Holds the screen at any angle; its weight turns with at most 0.6 N m.
            friction=0.75,
        ),
        keypoints={"handle": (-x - LIP / 2, 0.0, low)},
        axes={"pull": (0.0, 0.0, 1.0), "hinge": (0.0, 1.0, 0.0)},
    )
    return assemble(
        draws,
        {"": base, "lid": lid},
        category="laptop",
        noun=draws.noun(paint, "laptop"),
        affordances=("openable",),
        description=f"A {paint.name} laptop with a screen that stays at any angle; opened by the lip of its lid.",
    )
