"""black_bowl: a small black rice bowl, turned on a lathe, to be taken by its rim."""

from __future__ import annotations

import numpy as np
import trimesh

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._looks import plain
from assets.importers.panda import GRIPPER
from assets.package import Body
from pipeline.core.asset import Affordance

# Half a cross-section as (radius, height) [m]: outside from the foot up, over the rim, and down the inside.
OUTSIDE = ((0.0, 0.0), (0.028, 0.0), (0.030, 0.004), (0.042, 0.020), (0.050, 0.038), (0.0535, 0.051))
INSIDE = ((0.0500, 0.051), (0.0465, 0.039), (0.038, 0.022), (0.026, 0.009), (0.0, 0.008))
WALLS, SEEN = 16, 48  # segments of the wall for physics and for the eye
MASS = 0.15  # kg; lacquered wood
AFFORDANCES: tuple[Affordance, ...] = ("container", "graspable")


def black_bowl() -> Draft:
    """A bowl of 10.7 cm across and 5.1 cm high."""
    profile = np.array([*OUTSIDE, *INSIDE])
    seen = trimesh.creation.revolve(profile, sections=SEEN)
    pieces = [_foot(), *_wall()]
    geometry = describe(pieces, [seen], AFFORDANCES, gripper=GRIPPER)
    visual = plain(seen, color=(0.06, 0.06, 0.07), specular=0.5)
    return Draft(
        "black_bowl", "bowl", "black bowl", {"": Body([visual], pieces, MASS)}, {"": geometry}, AFFORDANCES,
        description="A small black bowl of lacquered wood, 10.7 cm across and 5 cm high.",
    )  # fmt: skip


def _foot() -> trimesh.Trimesh:
    """The disc at the bottom."""
    radius, height = 0.030, 0.008
    disc = trimesh.creation.cylinder(radius, height, sections=WALLS)
    return disc.apply_translation((0.0, 0.0, height / 2))


def _wall() -> list[trimesh.Trimesh]:
    """The turned wall as convex staves in two rows, below and above the bend."""
    staves = list[trimesh.Trimesh]()
    for low in (((0.030, 0.004), (0.042, 0.020), (0.038, 0.022), (0.026, 0.009)),
                ((0.042, 0.020), (0.0535, 0.051), (0.0500, 0.051), (0.038, 0.022))):  # fmt: skip
        for k in range(WALLS):
            turns = 2 * np.pi * np.array((k, k + 1)) / WALLS
            corners = [(r * np.cos(t), r * np.sin(t), z) for r, z in low for t in turns]
            staves.append(trimesh.convex.convex_hull(np.array(corners)))
    return staves
