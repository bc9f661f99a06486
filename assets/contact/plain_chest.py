"""plain_chest: a low chest with one drawer without a handle, to be drawn by friction on its front's upper edge."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BEECH, WALNUT, Draws
from assets.generators._fronts import carcass, top_support
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import grain
from pipeline.core.geometry import Joint

WIDTH, DEPTH, HEIGHT = 0.34, 0.30, 0.082  # m, the drawer's front included
PANEL, FRONT, GAP = 0.012, 0.035, 0.003  # m; the front is as thick as a fingertip and half as much again
FLOOR, BACK = 0.008, 0.008  # m, of the tray
TRAVEL, MASS = 0.18, 0.7  # m, kg
DAMPING, FRICTION = 4.0, 1.0  # N s/m, N


def plain_chest() -> Draft:
    """A chest of 30 x 34 x 8 cm that opens towards -x by 18 cm.

    The keypoint ``edge`` of the drawer is where a fingertip presses: on the middle of its front's upper edge.
    """
    x0, x1, y = -DEPTH / 2, DEPTH / 2, WIDTH / 2
    shell = carcass((x0 + FRONT + GAP, -y, 0.0), (x1, y, HEIGHT), PANEL)
    base = Part(
        visuals=[boxes_visual(shell, texture=grain("plain chest", WALNUT.color, contrast=0.2), bevel=0.002)],
        pieces=shell,
        support=top_support((x0 + FRONT + GAP, -y, 0.0), (x1, y, HEIGHT)),
    )
    return assemble(
        Draws("plain_chest", None),
        {"": base, "drawer": _drawer(x0, x1, y)},
        category="cabinet",
        noun="flat chest",
        affordances=("openable", "support"),
        description="A low walnut chest with one drawer, which has a thick front of beech and no handle.",
    )


def _drawer(x0: float, x1: float, y: float) -> Part:
    low, high = 0.017, HEIGHT - PANEL - 0.012
    back, side = x1 - PANEL - 0.01, y - PANEL - GAP
    front = between((x0, -y, GAP), (x0 + FRONT, y, HEIGHT))
    tray = [
        between((x0 + FRONT, -side, low), (back, side, low + FLOOR)),
        between((x0 + FRONT, -side, low + FLOOR), (back, -side + BACK, high)),
        between((x0 + FRONT, side - BACK, low + FLOOR), (back, side, high)),
        between((back - BACK, -side + BACK, low + FLOOR), (back, side - BACK, high)),
    ]
    return Part(
        visuals=[
            boxes_visual([front], texture=grain("plain front", BEECH.color, contrast=0.2), bevel=0.002),
            boxes_visual(tray, texture=grain("tray", (0.80, 0.68, 0.50))),
        ],
        pieces=[front, *tray],
        mass=MASS,
        noun="drawer",
        joint=Joint(
            name="drawer_slide",
            link="drawer",
            kind="prismatic",
            axis=(-1.0, 0.0, 0.0),
            anchor=(0.0, 0.0, low),
            lower=0.0,
            upper=TRAVEL,
            damping=DAMPING,
            friction=FRICTION,
        ),
        cavity=between((x0 + FRONT, -side + BACK, low + FLOOR), (back - BACK, side - BACK, high)),
        keypoints={"edge": (x0 + FRONT / 2, 0.0, HEIGHT)},
        axes={"pull": (-1.0, 0.0, 0.0)},
    )
