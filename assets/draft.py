"""Draft: an asset before it is written, from a generator or an importer, and the one way to write it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from assets.annotation.solids import Solids
from assets.annotation.stable import stable_poses
from assets.cards import write_card
from assets.materials import material
from assets.package import Body, centre_of_mass, write_bodies
from assets.words import sentence
from pipeline.core.asset import Affordance, AssetSpec, Licence
from pipeline.core.geometry import BodyGeometry, StablePose

OWN = Licence(spdx="Apache-2.0", author="Taskloom contributors", source="assets.generators")


@dataclass(frozen=True)
class Draft:
    """Bodies to simulate and geometry to reason with, both by link; the base link is ``""``."""

    name: str
    category: str
    noun: str
    bodies: Mapping[str, Body]
    geometry: Mapping[str, BodyGeometry]
    affordances: tuple[Affordance, ...]
    licence: Licence = OWN
    fixed: bool = False
    link_nouns: Mapping[str, str] = field(default_factory=dict)
    description: str = ""  # empty: one is made of noun, colour, material and size
    material: str = ""  # entry of assets.materials; sets the friction


def write_draft(draft: Draft, folder: Path) -> AssetSpec:
    """Replace ``folder`` by the draft's model, files and card."""
    shutil.rmtree(folder, ignore_errors=True)
    friction = material(draft.material).friction if draft.material else 1.0
    write_bodies(draft.name, folder, draft.bodies, fixed=draft.fixed, friction=friction)
    spec = AssetSpec(
        name=draft.name,
        category=draft.category,
        noun=draft.noun,
        description=draft.description or sentence(draft.noun, draft.bodies, draft.geometry, made_of=draft.material),
        files={},
        fixed=draft.fixed,
        mass=0.0 if draft.fixed else draft.bodies[""].mass,
        friction=friction,
        material=draft.material,
        stable_poses=() if draft.fixed else _stable_poses(draft.bodies[""]),
        affordances=draft.affordances,
        links=dict(draft.geometry),
        link_nouns=dict(draft.link_nouns),
        joints=tuple(b.joint for b in draft.bodies.values() if b.joint is not None),
        licence=draft.licence,
    )
    write_card(folder, spec)
    return spec


def _stable_poses(body: Body) -> tuple[StablePose, ...]:
    points = np.concatenate(Solids.of(body.pieces).pieces)
    return stable_poses(points, centre_of_mass(body.pieces))
