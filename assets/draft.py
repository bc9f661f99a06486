"""Draft: an asset before it is written, from a generator or an importer, and the one way to write it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assets.cards import write_card
from assets.package import Body, write_bodies
from pipeline.core.asset import Affordance, AssetSpec, Licence
from pipeline.core.geometry import BodyGeometry

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


def write_draft(draft: Draft, folder: Path) -> AssetSpec:
    """Replace ``folder`` by the draft's model, files and card."""
    shutil.rmtree(folder, ignore_errors=True)
    write_bodies(draft.name, folder, draft.bodies, fixed=draft.fixed)
    spec = AssetSpec(
        name=draft.name,
        category=draft.category,
        noun=draft.noun,
        files={},
        fixed=draft.fixed,
        mass=0.0 if draft.fixed else draft.bodies[""].mass,
        affordances=draft.affordances,
        links=dict(draft.geometry),
        link_nouns=dict(draft.link_nouns),
        joints=tuple(b.joint for b in draft.bodies.values() if b.joint is not None),
        licence=draft.licence,
    )
    write_card(folder, spec)
    return spec
