"""lever: a fixed machine lever, a rod with a ball that tilts towards the robot."""

from __future__ import annotations

import numpy as np
import trimesh

from assets.draft import Draft
from assets.generators._draws import BLACK, BLUE, GREEN, RED, YELLOW, Draws
from assets.generators._fronts import DARK, METAL
from assets.generators._handles import FORWARD, around, bar_grasps
from assets.generators._looks import cylinder, plain
from assets.generators._parts import Part, assemble
from assets.generators._shapes import between, boxes_visual
from assets.values import vec3
from pipeline.core.geometry import Grasp, Joint, Vec3

ROD, SLOT = 0.008, 0.012  # m
TURNS = (30.0, 0.0, 60.0, 90.0)  # deg of a hand's approach from square to the rod towards its tip


def lever(seed: int | None = None) -> Draft:
    """A lever of 13 cm on a grey housing, thrown 70 degrees, or a variant."""
    draws = Draws("lever", seed)
    depth, width, height = draws.size(0.14, 0.11, 0.17), draws.size(0.10, 0.08, 0.13), draws.size(0.06, 0.045, 0.09)
    length, throw = draws.size(0.13, 0.10, 0.16), draws.size(1.22, 0.9, 1.5)
    ball, paint = draws.size(0.020, 0.016, 0.024), draws.pick(RED, (RED, YELLOW, BLUE, GREEN, BLACK))
    housing = between((-depth / 2, -width / 2, 0.0), (depth / 2, width / 2, height))
    slot = between((-depth / 2 + 0.02, -SLOT, height), (depth / 2 - 0.02, SLOT, height + 0.001))
    stripe = between((-depth / 2 - 0.0005, -width / 2 + 0.008, 0.012), (-depth / 2, width / 2 - 0.008, 0.026))
    base = Part(
        visuals=[
            boxes_visual([housing], color=(*draws.pick(METAL, (METAL, DARK, (0.86, 0.86, 0.83))), 1.0), bevel=0.005),
            boxes_visual([slot], color=(0.04, 0.04, 0.04, 1.0), bevel=0.0003),
            boxes_visual([stripe], color=(*paint.color, 1.0), bevel=0.0002),
        ],
        pieces=[housing],
    )
    # At rest the rod leans away from the robot by half its throw.
    out = np.array([np.sin(throw / 2), 0.0, np.cos(throw / 2)])
    pivot = np.array([0.0, 0.0, height])
    rod = cylinder(vec3(pivot + out * length / 2), ROD, length, axis=vec3(out), sections=16)
    knob = trimesh.creation.icosphere(subdivisions=1, radius=ball).apply_translation(pivot + out * length)
    round_knob = trimesh.creation.icosphere(subdivisions=3, radius=ball).apply_translation(pivot + out * length)
    tip = vec3(pivot + out * length)
    arm = Part(
        visuals=[
            plain(rod, color=METAL, specular=0.8),
            plain(round_knob, color=paint.color, specular=0.6),
        ],
        pieces=[rod, trimesh.convex.convex_hull(knob.vertices)],
        mass=draws.size(0.15, 0.1, 0.25),
        noun="lever",
        joint=Joint(
            name="lever_turn",
            link="lever",
            kind="revolute",
            axis=(0.0, -1.0, 0.0),
            anchor=vec3(pivot),
            lower=0.0,
            upper=throw,
            damping=0.1,
            # More than the arm's weight can turn, so that it stays where it is left.
            friction=0.3,
        ),
        keypoints={"handle": tip},
        axes={"turn": (0.0, -1.0, 0.0)},
        grasps=_ball_grasps(tip, out, 2 * ball),
    )
    return assemble(
        draws,
        {"": base, "lever": arm},
        category="lever",
        noun="lever switch" if seed is None else f"{paint.name} lever switch",
        affordances=("turnable",),
        description=f"A machine lever with a {paint.name} ball on a steel rod, thrown towards the robot.",
    )


def _ball_grasps(tip: Vec3, rod: np.ndarray, width: float) -> tuple[Grasp, ...]:
    """Fingers to the ball's left and right, the hand anywhere from square to the rod to along it from above."""
    across = (0.0, 1.0, 0.0)
    square = np.array(FORWARD) - rod[0] * rod
    found = list[Grasp]()
    for rank, approach in enumerate(around(across, vec3(square / np.linalg.norm(square)), turns=TURNS, tilts=(0.0,))):
        run = vec3(np.cross(approach, across))
        more = bar_grasps(tip, along=run, approaches=[approach], width=width, offsets=(0.0,))
        found += [g.model_copy(update={"score": 1.0 - 0.1 * rank}) for g in more]
    return tuple(found)
