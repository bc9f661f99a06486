"""LIBERO's asset pack: its object MJCFs, mended so that they compile, become assets of the user's library.

The pack is fetched by the user; its parts have licences of their own and are never part of this repository.
"""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.annotation.containers import find_support, height_map
from assets.annotation.grasps import Approach, sample_grasps
from assets.annotation.solids import Solids
from assets.draft import Draft
from assets.importers.compiled import body_place
from assets.importers.files import Y_UP_TO_Z_UP, ImportOptions, import_file
from assets.importers.intake import contained, read_xml, refuse
from assets.importers.links import identifier
from assets.importers.mjcf_file import read_mjcf
from assets.importers.panda import GRIPPER
from assets.install import install
from assets.package import Piece
from pipeline.core.asset import Affordance, AssetSpec
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import quat_to_matrix

Array = NDArray[np.float64]
PREFIX = "libero_"
LOOSE = ("stable_hope_objects", "stable_scanned_objects", "turbosquid_objects")
LICENCES = {  # as their own sources say; the pack's own notes leave them to the upstream
    "stable_hope_objects": ("CC-BY-NC-SA-4.0", "HOPE dataset, NVIDIA"),
    "stable_scanned_objects": ("CC-BY-4.0", "Google Scanned Objects"),
    "turbosquid_objects": ("LicenseRef-TurboSquid", "TurboSquid authors"),
    "articulated_objects": ("unknown", "LIBERO authors"),
}
# libero/envs/objects/hope_objects.py turns these so that their y axis points up.
Y_UP = frozenset(
    ("alphabet_soup", "tomato_sauce", "ketchup", "macaroni_and_cheese", "mayo", "milk", "orange_juice",
     "salad_dressing", "new_salad_dressing")
)  # fmt: skip
DEEP = 0.02  # m; half height from which a site is an inside, below it a top
DISH = 0.7  # of a plate's size: where things may be put down on it
LEVEL = float(np.cos(np.radians(20.0)))  # a steeper top sheds what lies on it
MARKS = ("bottom_site", "top_site", "horizontal_radius_site")


def original_name(category: str) -> str:
    """The asset's name in the library."""
    return f"{PREFIX}{category}"


def find_models(folder: Path) -> dict[str, Path]:
    """The model file of every category in a pack; raises InvalidInputError when ``folder`` holds none."""
    root = next((p for p in (folder, folder / "assets") if (p / "articulated_objects").is_dir()), folder)
    jointed = {p.stem: p for p in sorted((root / "articulated_objects").glob("*.xml"))}
    loose = {p.stem: p for kind in LOOSE for p in sorted((root / kind).glob("*/*.xml")) if p.stem == p.parent.name}
    if not jointed and not loose:
        raise InvalidInputError(
            f"{str(folder)!r} is not LIBERO's asset folder: expected articulated_objects or {', '.join(LOOSE)} in it."
        )
    return {**loose, **jointed}


def import_original(category: str, model: Path, pack: Path, root: Path, *, fixed: bool) -> AssetSpec:
    """Import one object below ``root``; raises InvalidInputError naming what is wrong, or OutputError."""
    with tempfile.TemporaryDirectory(prefix="taskloom-libero-") as work:
        mended = _mended(model, pack, Path(work))
        draft = _draft(category, mended, kind=_kind(model), fixed=fixed)
    return install(draft, root)


def _kind(model: Path) -> str:
    return next((part for part in reversed(model.parts) if part in LICENCES), "articulated_objects")


def _mended(model: Path, pack: Path, work: Path) -> Path:
    """A copy in ``work`` that MuJoCo compiles, with the files that it refers to and no others."""
    tree = read_xml(model)
    for size in tree.findall("size"):
        tree.remove(size)  # limits of old versions
    compiler = tree.find("compiler")
    compiler = compiler if compiler is not None else ET.SubElement(tree, "compiler")
    # As robosuite compiles them: what is only seen (group 1) weighs nothing.
    compiler.set("inertiagrouprange", "0 0")
    compiler.set("boundmass", "1e-6")
    compiler.set("boundinertia", "1e-9")
    for region in [e for e in tree.iter() for e in e.findall("region")]:
        region.tag = "site"
    _tell_apart(tree)
    for element in tree.iter():
        if name := element.get("file"):
            _copy(name, model, pack, work)
    out = work / model.name
    ET.ElementTree(tree).write(out)
    return out


def _tell_apart(tree: ET.Element) -> None:
    """Assets of one kind and name, of which MuJoCo allows one: later ones get a number that their users follow."""
    for section in tree.findall("asset"):
        seen: dict[tuple[str, str], str] = {}
        for element in section:
            name = element.get("name", "")
            if name and (element.tag, name) in seen:
                seen[element.tag, name] = f"{name}_{len(seen)}"
                element.set("name", seen[element.tag, name])
            elif name:
                seen[element.tag, name] = name
            if element.tag == "material" and (texture := element.get("texture")):
                element.set("texture", seen.get(("texture", texture), texture))


def _copy(name: str, model: Path, pack: Path, work: Path) -> None:
    source = contained(name, model.parent, of=model, within=pack)
    target = contained(name, work, of=model)
    if not source.is_file():
        raise refuse(model, f"it refers to {name!r}, which is not there.", "Fetch the whole asset pack.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _draft(category: str, model: Path, *, kind: str, fixed: bool) -> Draft:
    licence, author = LICENCES[kind]
    up = "y" if category in Y_UP else "z"
    options = ImportOptions(
        name=original_name(category), category=category, noun=category.replace("_", " "), up=up, fixed=fixed,
        method="hull", licence=licence, author=author,
    )  # fmt: skip
    draft = import_file(model, options).draft
    turn = _turn(up)
    low, high = read_mjcf(model).moved(turn).bounds
    turn[:3, 3] = (*(-(low + high) / 2)[:2], -low[2])
    geometry, affords = dict(draft.geometry), set[Affordance](draft.affordances)
    for link, shape in geometry.items():
        geometry[link] = _usable(shape, draft, link)
    for site in reversed(_sites(model)):  # of several insides or tops of one link the first stays
        link = site.link if site.link in geometry else ""
        geometry[link] = _with_site(geometry[link], draft, link, site, turn)
    base = geometry[""]
    affords |= {a for a, has in (("container", base.cavity), ("support", base.support)) if has is not None}
    return replace(draft, geometry=geometry, affordances=tuple(sorted(affords)))


def _turn(up: str) -> Array:
    return np.array(Y_UP_TO_Z_UP if up == "y" else np.eye(4), float)


@dataclass(frozen=True)
class _Site:
    """A named region of the pack: its link, place (4, 4) in the model's frame and half sizes (3,) [m]."""

    name: str
    link: str
    place: Array
    half: Array


def _sites(model: Path) -> list[_Site]:
    """The box-shaped regions, at zero joint positions in the frame of the model's root body."""
    compiled = mujoco.MjModel.from_xml_path(str(model))
    found: list[_Site] = []
    for k in range(compiled.nsite):
        name, body = compiled.site(k).name, int(compiled.site_bodyid[k])
        if not name or name in MARKS or compiled.site_type[k] != mujoco.mjtGeom.mjGEOM_BOX:
            continue
        place, owner = np.eye(4), body
        place[:3, :3], place[:3, 3] = quat_to_matrix(compiled.site_quat[k]), compiled.site_pos[k]
        while owner > 1 and not compiled.body_jntnum[owner]:
            owner = int(compiled.body_parentid[owner])
        link = identifier(compiled.body(owner).name) if owner > 1 else ""
        found.append(_Site(name, link, body_place(compiled, body, 1) @ place, np.array(compiled.site_size[k])))
    return found


def _usable(shape: BodyGeometry, draft: Draft, link: str) -> BodyGeometry:
    """With what the general annotator leaves out: the sunken middle of a plate, and knobs taken from above."""
    solids = Solids.of(draft.bodies[link].pieces)
    if link:
        above = shape.grasps or sample_grasps(solids, GRIPPER, approaches=(Approach(floor=None),))
        return shape.model_copy(update={"grasps": above})
    flat = find_support(solids)
    if shape.support is not None or shape.cavity is not None or draft.fixed or flat is None:
        return shape
    # The slope around the middle leads there what is put down on it.
    half = np.maximum(flat.half[:2], DISH * np.array(shape.bounds.half[:2]))
    return shape.model_copy(update={"support": _box(flat.pose[:3], (*half, flat.half[2]))})


def _with_site(geometry: BodyGeometry, draft: Draft, link: str, site: _Site, turn: Array) -> BodyGeometry:
    """The link's inside or top as the pack draws it; a top too steep to carry anything is none."""
    place = turn @ site.place
    half = np.abs(place[:3, :3]) @ site.half
    x, y, z = (place[:3, 3] - np.array(draft.bodies[link].position)).tolist()
    if site.half.min() > DEEP:
        return geometry.model_copy(update={"cavity": _box((x, y, z), half)})
    thin = place[:3, int(site.half.argmin())]
    if abs(thin[2]) < LEVEL:
        return geometry
    height = _top(draft.bodies[link].pieces, x, y, half)
    return geometry.model_copy(update={"support": _box((x, y, z if height is None else height), (*half[:2], 0.001))})


def _box(centre: tuple[float, float, float], half: Array | tuple[float, ...]) -> Box:
    a, b, c = (float(v) for v in half)
    return Box(pose=(*centre, 1.0, 0.0, 0.0, 0.0), half=(a, b, c))


def _top(pieces: Sequence[Piece], x: float, y: float, half: Array) -> float | None:
    """Height [m] of what lies under a site, which may be drawn inside the body; None beside it."""
    xs, ys, top = height_map(Solids.of(pieces))
    inside = (np.abs(xs - x) <= half[0])[:, None] & (np.abs(ys - y) <= half[1])[None] & np.isfinite(top)
    return float(np.median(top[inside])) if inside.any() else None
