"""push_button: a fixed housing with a round button on top that a spring brings back."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._draws import BLUE, GREEN, RED, WHITE, YELLOW, Draws
from assets.generators._fronts import DARK, METAL
from assets.generators._handles import DOWN
from assets.generators._looks import cylinder, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from pipeline.core.geometry import Joint

RING = 0.006  # m, height of the collar around the button
STIFFNESS = 700.0  # N/m: 5.6 N at the end of 8 mm


def push_button(seed: int | None = None) -> Draft:
    """A red button of 5.6 cm on a yellow housing of 10 x 10 x 5 cm, or a variant."""
    draws = Draws("push_button", seed)
    side, height = draws.size(0.10, 0.08, 0.14), draws.size(0.05, 0.035, 0.08)
    radius, rise = draws.size(0.028, 0.02, 0.034), draws.size(0.022, 0.017, 0.03)
    travel = draws.size(0.008, 0.006, 0.012)
    paint, housing = draws.pick(RED, (RED, GREEN, BLUE, WHITE)), draws.pick(YELLOW.color, (YELLOW.color, METAL, DARK))
    block = between((-side / 2, -side / 2, 0.0), (side / 2, side / 2, height))
    collar = cylinder((0.0, 0.0, height + RING / 2), radius + 0.008, RING, sections=32)
    base = Part(
        visuals=[
            boxes_visual([block], color=(*housing, 1.0), bevel=0.006, specular=0.3),
            plain(collar, color=(0.20, 0.20, 0.21)),
        ],
        pieces=[block, collar],
    )
    top = height + rise
    cap = cylinder((0.0, 0.0, height + rise / 2), radius, rise, sections=32)
    button = Part(
        visuals=[plain(cap, color=paint.color, specular=0.5)],
        pieces=[cap],
        mass=0.03,
        noun="button",
        joint=Joint(
            name="button_press",
            link="button",
            kind="prismatic",
            axis=DOWN,
            anchor=(0.0, 0.0, height),
            lower=0.0,
            upper=travel,
            damping=3.0,
            # As much as the cap weighs, so that it rests at the top.
            friction=0.4,
            stiffness=STIFFNESS,
        ),
        keypoints={"button": (0.0, 0.0, top)},
        axes={"press": DOWN},
    )
    return assemble(
        draws,
        {"": base, "button": button},
        category="button",
        noun=draws.noun(paint, "push button"),
        affordances=("pressable",),
        description=f"A round {paint.name} push button on a housing; it springs back when let go.",
    )
