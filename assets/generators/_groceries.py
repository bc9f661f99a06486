"""Groceries: boxes, cans and bottles with a printed label, as a shop has them."""

from __future__ import annotations

import trimesh

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._looks import cylinder, plain
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color
from assets.importers.panda import GRIPPER
from assets.package import Body, Visual
from pipeline.core.asset import Affordance
from pipeline.core.geometry import Box

UP = (0.0, 0.0, 1.0)
SKIN = 0.0003  # m; how far a label stands out
LID = (0.75, 0.76, 0.78)
Piece = Box | trimesh.Trimesh


def packet(
    name: str, noun: str, size: tuple[float, float, float], *, color: Color, label: Color, mass: float, category: str,
    carries: bool = False,
) -> Draft:  # fmt: skip
    """A box of ``size`` m that lies on its largest side or stands.

    One that ``carries`` is a place for things to stand on, and too wide to grasp.
    """
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    solid = between((-x, -y, 0.0), (x, y, z))
    printed = between((-0.7 * x, -y - SKIN, 0.25 * z), (0.7 * x, y + SKIN, 0.75 * z))
    top = between((-0.7 * x, -0.6 * y, z), (0.7 * x, 0.6 * y, z + SKIN))
    visuals = [
        boxes_visual([solid], color=(*color, 1.0), bevel=0.001),
        boxes_visual([printed, top], color=(*label, 1.0), bevel=0.0001),
    ]
    affordances: tuple[Affordance, ...] = ("pushable", "support") if carries else ("graspable",)
    return _draft(name, noun, visuals, [solid], mass=mass, affordances=affordances, category=category)


def can(name: str, noun: str, *, radius: float, height: float, label: Color, mass: float) -> Draft:
    """A tin can with a paper label around it."""
    solid = cylinder((0.0, 0.0, height / 2), radius, height, axis=UP)
    paper = cylinder((0.0, 0.0, height / 2), radius + SKIN, 0.86 * height, axis=UP)
    visuals = [plain(solid, color=LID, specular=0.8), plain(paper, color=label)]
    return _draft(name, noun, visuals, [solid], mass=mass, affordances=("graspable",), category="can")


def bottle(name: str, noun: str, *, radius: float, height: float, color: Color, label: Color, mass: float) -> Draft:
    """A squat bottle: a body, a neck and a cap."""
    body, neck = 0.68 * height, 0.32 * height
    lower = cylinder((0.0, 0.0, body / 2), radius, body, axis=UP)
    upper = cylinder((0.0, 0.0, body + neck / 2), 0.45 * radius, neck, axis=UP)
    paper = cylinder((0.0, 0.0, 0.5 * body), radius + SKIN, 0.6 * body, axis=UP)
    cap = cylinder((0.0, 0.0, height - 0.1 * height), 0.45 * radius + SKIN, 0.2 * height, axis=UP)
    visuals = [plain(lower, upper, color=color, specular=0.6), plain(paper, cap, color=label)]
    return _draft(name, noun, visuals, [lower, upper], mass=mass, affordances=("graspable",), category="bottle")


def _draft(
    name: str, noun: str, visuals: list[Visual], pieces: list[Piece], *, mass: float,
    affordances: tuple[Affordance, ...], category: str,
) -> Draft:  # fmt: skip
    geometry = describe(pieces, [v.mesh for v in visuals], affordances, gripper=GRIPPER)
    return Draft(name, category, noun, {"": Body(visuals, pieces, mass)}, {"": geometry}, affordances)
