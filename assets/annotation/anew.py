"""Annotate a finished asset anew from its own model: what geometry says replaces what geometry once said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.annotation.boxes import bounds_box, cover_with_boxes
from assets.annotation.describe import describe
from assets.annotation.procedural import annotate_link, encloses
from assets.annotation.solids import Solids
from assets.importers.compiled import asset_pieces, asset_visuals, body_place, compile_asset
from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry, Grasp
from pipeline.core.robot import Gripper

AUTHOR = "procedural"


def annotated_anew(spec: AssetSpec, folder: Path, *, gripper: Gripper) -> AssetSpec:
    """The card with bounds, boxes, cavity, support and grasps computed again; raises AssetError for a broken model.

    Affordances stay, but those that geometry no longer backs are dropped. Keypoints and axes that are already named
    stay, and so do the cavities and grasps of moving links, which a generator knows better than a search.
    """
    model = compile_asset(spec, folder)
    links = {name: _link(spec, model, name, gripper) for name in spec.links}
    base = links[""]
    backed = {"container": base.cavity, "support": base.support, "graspable": base.grasps or spec.fixed}
    kept = tuple(a for a in spec.affordances if a not in backed or backed[a])
    changed = {f"links.{name}" for name, geometry in links.items() if geometry != spec.links[name]}
    changed |= {"affordances"} if kept != spec.affordances else set()
    authors = {k: v for k, v in spec.authors.items() if k not in changed} | dict.fromkeys(sorted(changed), AUTHOR)
    return spec.model_copy(update={"links": links, "affordances": kept, "authors": authors})


def _link(spec: AssetSpec, model: object, name: str, gripper: Gripper) -> BodyGeometry:
    """A link's geometry: the base in full, a moving link where the card says nothing yet."""
    old, pieces = spec.links[name], asset_pieces(model, name)
    if not pieces:
        return old  # a painted region: seen, but nothing collides
    meshes = [v.mesh for v in asset_visuals(model, name)]
    joint = next((j for j in spec.joints if j.link == name), None)
    if joint is not None and not old.keypoints:
        place = body_place(model, model.body(name).id, model.body("base").id)  # type: ignore[attr-defined]
        return annotate_link(pieces, meshes, joint, gripper=gripper, origin=np.asarray(place[:3, 3]))
    solids = Solids.of(pieces)
    if spec.fixed or name:
        return old.model_copy(update={"bounds": bounds_box(solids), "collision": cover_with_boxes(solids)})
    found = describe(pieces, meshes, spec.affordances, gripper=gripper)
    cavity = found.cavity if found.cavity is not None and encloses(solids, found.cavity) else None
    return old.model_copy(
        update={
            "bounds": found.bounds,
            "collision": found.collision,
            "support": found.support,
            "cavity": cavity,
            "grasps": _shaken(found.grasps, old.grasps),
        }
    )


def _shaken(found: tuple[Grasp, ...], before: tuple[Grasp, ...]) -> tuple[Grasp, ...]:
    """Shake scores stay with the grasps that are still there."""
    known = {tuple(np.round(g.pose, 5)): g.shake for g in before}
    return tuple(g.model_copy(update={"shake": known.get(tuple(np.round(g.pose, 5)))}) for g in found)
