"""What a vision-language model may change on a card: a schema-checked patch, refused by field where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.asset import Affordance, AssetSpec
from pipeline.core.geometry import BodyGeometry, Frozen, Vec3

PROMPT = Path(__file__).parent / "prompts" / "card.md"
MARGIN = 0.005  # m; how far a keypoint may lie outside of its link's bounds
EVIDENCE: dict[Affordance, tuple[str, Callable[[AssetSpec], bool]]] = {
    "graspable": ("grasps on a link", lambda s: any(g.grasps for g in s.links.values())),
    "container": ("a cavity", lambda s: any(g.cavity is not None for g in s.links.values())),
    "pourable": ("a cavity in a free object", lambda s: not s.fixed and s.links[""].cavity is not None),
    "support": ("a flat support area", lambda s: any(g.support is not None for g in s.links.values())),
    "openable": ("a joint", lambda s: bool(s.joints)),
    "pressable": ("a joint", lambda s: bool(s.joints)),
    "turnable": ("a joint that turns", lambda s: any(j.kind == "revolute" for j in s.joints)),
    "pushable": ("being free", lambda s: not s.fixed),
    "stackable": ("a flat support area of a free object", lambda s: not s.fixed and s.links[""].support is not None),
    "region": ("a cavity in a fixed object", lambda s: s.fixed and s.links[""].cavity is not None),
}


@dataclass(frozen=True, eq=False)
class View:
    """A rendered picture and where in the asset's base frame each pixel lies."""

    name: str
    png: bytes
    points: NDArray[np.float32]  # (height, width, 3)  m; NaN where the picture shows something else


@dataclass(frozen=True, eq=False)
class Views:
    """The pictures of an asset at zero joint positions, and where its links' frames are then in the base frame [m]."""

    pictures: tuple[View, ...]
    origins: Mapping[str, Vec3]


class Keypoint(Frozen):
    """A named point: a pixel of a picture, or a place in the link's frame."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    link: str = ""
    view: str | None = None
    u: int | None = Field(default=None, description="pixels to the right")
    v: int | None = Field(default=None, description="pixels downwards")
    at: Vec3 | None = Field(default=None, description="m, in the link's frame")


class CardPatch(Frozen):
    """Fields of a card to set; what is None or empty stays as it is."""

    category: str | None = Field(default=None, pattern=r"^[a-z][a-z ]*$", max_length=40)
    noun: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9 -]*$", max_length=60)
    description: str | None = Field(default=None, max_length=300)
    material: str | None = None
    affordances: tuple[Affordance, ...] = ()
    keypoints: tuple[Keypoint, ...] = ()


def prompt_values(spec: AssetSpec, views: Views, *, materials: Sequence[str]) -> dict[str, str]:
    """What the prompt's template wants to be told; vocabularies come from the code."""
    card = spec.model_dump(mode="json", include={"category", "noun", "description", "material", "affordances", "mass"})
    known = {link: sorted(g.keypoints) for link, g in spec.links.items() if g.keypoints}
    sizes = [f"{v.name} {v.points.shape[1]} x {v.points.shape[0]}" for v in views.pictures]
    return {
        "card": json.dumps(card | {"keypoints": known}, indent=1),
        "views": ", ".join(sizes),
        "links": ", ".join(map(repr, spec.links)),
        "materials": ", ".join(materials),
        "affordances": ", ".join(get_args(Affordance)),
        "evidence": "; ".join(f"{name}: {needs}" for name, (needs, _) in EVIDENCE.items()),
        "bounds": "; ".join(f"{link!r} {_extent(g)}" for link, g in spec.links.items()),
    }


def mistakes(spec: AssetSpec, views: Views, patch: CardPatch, *, materials: Sequence[str]) -> list[str]:
    """A sentence for every field of the patch that cannot be, saying what is allowed."""
    found = list[str]()
    if patch.material is not None and patch.material not in materials:
        found.append(f"material: {patch.material!r} is not known; allowed: {', '.join(materials)}.")
    for name in patch.affordances:
        needs, has = EVIDENCE[name]
        if not has(spec):
            found.append(f"affordances: {name!r} needs {needs}, which this asset has not.")
    for k, point in enumerate(patch.keypoints):
        problem = _point_problem(spec, views, point)
        if problem:
            found.append(f"keypoints.{k} ({point.name}): {problem}")
    return found


def patched(spec: AssetSpec, views: Views, patch: CardPatch, *, author: str) -> AssetSpec:
    """The card with the patch applied and ``author`` recorded for every field that changed.

    The patch must have no :func:`mistakes`.
    """
    update: dict[str, object] = {
        name: value
        for name in ("category", "noun", "description", "material", "affordances")
        if (value := getattr(patch, name)) and value != getattr(spec, name)
    }
    links = dict(spec.links)
    changed = list(update)
    for point in patch.keypoints:
        place = located(spec, views, point)
        assert place is not None
        if links[point.link].keypoints.get(point.name) != place:
            points = links[point.link].keypoints | {point.name: place}
            links[point.link] = links[point.link].model_copy(update={"keypoints": points})
            changed.append(f"links.{point.link}.keypoints.{point.name}")
    authors = spec.authors | dict.fromkeys(changed, author)
    return AssetSpec.model_validate({**spec.model_dump(), **update, "links": links, "authors": authors})


def located(spec: AssetSpec, views: Views, point: Keypoint) -> Vec3 | None:
    """The keypoint in its link's frame [m]; None when its pixel or its link is not there.

    Links are taken to be parallel to the base, as importers and generators make them.
    """
    if point.at is not None:
        return point.at
    view = next((v for v in views.pictures if v.name == point.view), None)
    if view is None or point.u is None or point.v is None:
        return None
    height, width, _ = view.points.shape
    if not (0 <= point.u < width and 0 <= point.v < height):
        return None
    place = view.points[point.v, point.u].astype(float) - views.origins[point.link]
    x, y, z = (round(float(v), 6) for v in place)
    return (x, y, z) if np.isfinite(place).all() else None


def _point_problem(spec: AssetSpec, views: Views, point: Keypoint) -> str:
    if point.link not in spec.links:
        return f"there is no link {point.link!r}; allowed: {', '.join(map(repr, spec.links))}."
    place = located(spec, views, point)
    if place is None:
        sizes = ", ".join(f"{v.name} ({v.points.shape[1]} x {v.points.shape[0]})" for v in views.pictures)
        return f"pixel ({point.u}, {point.v}) of view {point.view!r} is not on the object; allowed views: {sizes}."
    geometry = spec.links[point.link]
    off = np.abs(np.array(place) - geometry.bounds.pose[:3]) - geometry.bounds.half
    if not off.max() <= MARGIN:
        return f"{place} m lies {off.max():.3f} m outside of the link's bounds {_extent(geometry)}."
    return ""


def _extent(geometry: BodyGeometry) -> str:
    centre, half = np.array(geometry.bounds.pose[:3]), np.array(geometry.bounds.half)
    spans = zip("xyz", centre - half, centre + half, strict=True)
    return ", ".join(f"{axis} {low:.3f} to {high:.3f}" for axis, low, high in spans)
