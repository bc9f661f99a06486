"""table_lamp: a fixed lamp with a switch in its foot that stays where it is pressed to."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BLACK, CREAM, RED, SILVER, WHITE, Draws
from assets.generators._fronts import METAL
from assets.generators._handles import DOWN
from assets.generators._looks import cylinder, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Joint

LATCH = 1.5  # N, dry friction: more than the button weighs, less than a fingertip presses


def table_lamp(seed: int | None = None) -> Draft:
    """A lamp of 34 cm on a foot of 16 x 20 cm with a button of 4.4 cm, or a variant."""
    draws = Draws("table_lamp", seed)
    depth, width, height = draws.size(0.16, 0.14, 0.18), draws.size(0.20, 0.18, 0.24), draws.size(0.04, 0.03, 0.05)
    tall, shade = draws.size(0.34, 0.28, 0.40), draws.size(0.055, 0.045, 0.065)
    paint, cover = draws.pick(SILVER, (SILVER, WHITE, BLACK)), draws.pick(CREAM, (CREAM, WHITE, RED))
    foot = between((-depth / 2, -width / 2, 0.0), (depth / 2, width / 2, height))
    back = depth / 2 - 0.045
    post = cylinder((back, 0.0, (height + tall) / 2), 0.009, tall - height)
    hood = cylinder((back, 0.0, tall - 0.02), shade, 0.09, sections=32)
    bulb = cylinder((back, 0.0, tall - 0.075), 0.018, 0.03)
    base = Part(
        visuals=[
            boxes_visual([foot], color=(*paint.color, 1.0), bevel=0.005, specular=0.5),
            plain(post, color=METAL, specular=0.8),
            plain(hood, color=cover.color),
            plain(bulb, color=(0.98, 0.95, 0.80), specular=0.9),
        ],
        pieces=[foot, post, hood],
    )
    radius, rise, front = draws.size(0.022, 0.018, 0.026), 0.016, -depth / 2 + 0.04
    cap = cylinder((front, 0.0, height + rise / 2), radius, rise, sections=32)
    button = Part(
        visuals=[plain(cap, color=RED.color, specular=0.5)],
        pieces=[cap],
        mass=0.03,
        noun="button",
        joint=Joint(
            name="button_press",
            link="button",
            kind="prismatic",
            axis=DOWN,
            anchor=(front, 0.0, height),
            lower=0.0,
            upper=0.008,
            damping=3.0,
            friction=LATCH,
        ),
        keypoints={"button": (front, 0.0, height + rise)},
        axes={"press": DOWN},
    )
    return assemble(
        draws,
        {"": base, "button": button},
        category="lamp",
        noun=draws.noun(paint, "table lamp"),
        affordances=("pressable",),
        description=f"A {paint.name} table lamp with a red button in its foot that stays down when pressed.",
    )
