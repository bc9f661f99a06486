"""Material prior: density, wall and friction by material, from which an object's mass and friction follow.

Densities are rounded textbook values of the pure stuff (engineering tables of solids; food by weight over volume of
common packages). Walls and friction (Coulomb, dry, against smooth wood) are our estimates of what such household things
have, not measurements: good to a factor of about two. Where a product's mass is known, it is given instead. Fingertips
and tables have friction 1.0 and win in a contact, because both engines take the larger coefficient of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import trimesh

from pipeline.core.errors import UnknownNameError

Form = Literal["solid", "hollow"]


@dataclass(frozen=True)
class Material:
    """``density`` [kg/m^3], ``wall`` of hollow things [m], ``friction``, and how a sentence calls it."""

    density: float
    wall: float
    friction: float
    word: str


MATERIALS: dict[str, Material] = {
    "bread": Material(270.0, 0.010, 0.7, "bread"),
    "cardboard": Material(690.0, 0.0025, 0.5, "cardboard"),
    "ceramic": Material(2300.0, 0.0035, 0.5, "ceramic"),
    "cloth": Material(350.0, 0.004, 0.8, "cloth"),
    "electronics": Material(1300.0, 0.0025, 0.5, "plastic and electronics"),
    "food": Material(950.0, 0.010, 0.7, "food"),
    "foam": Material(60.0, 0.010, 0.9, "foam"),
    "glass": Material(2500.0, 0.0025, 0.4, "glass"),
    "leather": Material(860.0, 0.003, 0.7, "leather"),
    "liquid": Material(1000.0, 0.001, 0.5, "plastic, filled"),
    "metal": Material(2700.0, 0.0015, 0.4, "metal"),
    "paper": Material(750.0, 0.0003, 0.5, "paper"),
    "plant": Material(500.0, 0.003, 0.6, "earthenware and leaves"),
    "plastic": Material(1050.0, 0.0018, 0.4, "plastic"),
    "rubber": Material(1200.0, 0.003, 1.0, "rubber"),
    "soap": Material(1000.0, 0.010, 0.4, "soap"),
    "steel": Material(7850.0, 0.0012, 0.4, "steel"),
    "stone": Material(2600.0, 0.006, 0.6, "stone"),
    "wax": Material(900.0, 0.010, 0.5, "wax"),
    "wood": Material(650.0, 0.008, 0.5, "wood"),
}
"""By name; "steel" is stainless, "metal" aluminium, "wood" beech, "electronics" a filled plastic shell."""


def material(name: str) -> Material:
    """The entry called ``name``; raises UnknownNameError."""
    if name not in MATERIALS:
        raise UnknownNameError("material", name, MATERIALS)
    return MATERIALS[name]


def prior_mass(name: str, pieces: list[trimesh.Trimesh], form: Form) -> float:
    """Mass [kg] of a thing made of convex ``pieces``: their volume if solid, a wall around their hull if hollow."""
    prior = material(name)
    if form == "solid":
        return prior.density * sum(float(trimesh.convex.convex_hull(p.vertices).volume) for p in pieces)
    points = np.concatenate([np.asarray(p.vertices, float) for p in pieces])
    return prior.density * prior.wall * float(trimesh.convex.convex_hull(points).area)
