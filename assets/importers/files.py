"""Import a file: whatever the format, it becomes a draft in metres, z up, that rests on the origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.annotation.procedural import annotate_body, annotate_link, joint_affordances
from assets.draft import Draft
from assets.importers.intake import kind_of, read_xml, refuse
from assets.importers.links import Link, LinkModel, identifier
from assets.importers.mesh_file import read_mesh_file
from assets.importers.meshes import joined
from assets.importers.panda import GRIPPER
from assets.importers.pieces import Method, convex_pieces
from assets.importers.repair import cleaned, repaired
from assets.materials import material, prior_mass
from assets.package import Body, Piece
from assets.values import vec3
from pipeline.core.asset import Affordance, Licence
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import BodyGeometry, Vec3

Array = NDArray[np.float64]
Unit = Literal["m", "cm", "mm", "inch"]
METRES: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
LARGEST, SMALLEST, THINNEST = 5.0, 0.002, 1e-4  # m
DENSITY = 400.0  # kg/m3 of the pieces; household things are mostly hollow (measured over the vendored library)
Y_UP_TO_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
NAME = r"^[a-z0-9_]+$"
Report = Callable[[str], None]


@dataclass(frozen=True)
class ImportOptions:
    """What a file does not say. None takes what the format says, or what geometry suggests."""

    name: str | None = None
    category: str = "object"
    noun: str | None = None
    unit: Unit | None = None
    up: Literal["y", "z"] | None = None
    scale: float = 1.0
    mass: float | None = None  # kg
    material: str | None = None
    fixed: bool | None = None
    method: Method = "coacd"
    faces: int = 5000
    within: Path | None = None
    licence: str = "unknown"
    author: str = "unknown"


@dataclass(frozen=True)
class Imported:
    """The draft and what the user should know about how it came to be."""

    draft: Draft
    notes: tuple[str, ...] = ()


def import_file(path: Path, options: ImportOptions | None = None, *, report: Report = lambda stage: None) -> Imported:
    """Read, repair, decompose and annotate one file; raises InvalidInputError that names what is wrong with it.

    ``report`` is told each stage as it begins: read, repair, decompose, annotate.
    """
    wanted = options or ImportOptions()
    name = _checked(path, wanted)
    report("read")
    model = _upright(path, _read(path, wanted.within), wanted)
    fixed = wanted.fixed if wanted.fixed is not None else len(model.links) > 1
    report("repair")
    light = _light(model, wanted.faces)
    report("decompose")
    pieces = {link: _pieces(path, link, part, wanted.method) for link, part in light.links.items()}
    report("annotate")
    return Imported(_draft(name, light, pieces, wanted, source=path.name, fixed=fixed), model.notes)


def _checked(path: Path, options: ImportOptions) -> str:
    """The asset's name; raises InvalidInputError for options out of range."""
    if options.name is not None and not re.match(NAME, options.name):
        raise InvalidInputError(f"--name {options.name!r}: allowed are small letters, digits and underscores.")
    if not (np.isfinite(options.scale) and options.scale > 0):
        raise InvalidInputError(f"--scale {options.scale:g}: give a finite number above 0.")
    if options.mass is not None and not (np.isfinite(options.mass) and options.mass > 0):
        raise InvalidInputError(f"--mass {options.mass:g}: give kilograms above 0.")
    if options.material is not None:
        material(options.material)
    if options.faces < 100:
        raise InvalidInputError(f"--faces {options.faces}: give at least 100.")
    name = options.name or identifier(path.stem)
    if not name:
        raise InvalidInputError(f"No name can be made of {path.name!r}; give one with --name.")
    return name


def _read(path: Path, within: Path | None) -> LinkModel:
    kind = kind_of(path)
    if within is not None and not path.resolve().is_relative_to(within.resolve()):
        raise InvalidInputError(f"--within {str(within)!r} must be a folder above {str(path)!r}.")
    if kind in ("urdf", "mjcf", "xml"):
        urdf = kind == "urdf" or (kind == "xml" and read_xml(path).tag == "robot")
        if urdf:
            from assets.importers.urdf import read_urdf

            return read_urdf(path, within=within)
        from assets.importers.mjcf_file import read_mjcf  # needs mujoco, which plain meshes do not

        return read_mjcf(path, within=within)
    if kind == "usd":
        from assets.importers.usd_file import read_usd

        return read_usd(path)
    visuals = read_mesh_file(path)
    return LinkModel({"": Link(tuple(visuals))}, up="y" if kind in ("glb", "gltf") else "z")


def _upright(path: Path, model: LinkModel, options: ImportOptions) -> LinkModel:
    """In metres, z up, footprint centred on the origin and bottom at 0; raises for what has no plausible size."""
    for link, part in model.links.items():
        if not part.meshes:
            which = f"its moving link {link!r}" if link else "its base link"
            raise refuse(path, f"{which} has no geometry.", "Give it a visual or a collision shape.")
    unit = METRES[options.unit] if options.unit else model.metres
    turned = Y_UP_TO_Z_UP if (options.up or model.up) == "y" else np.eye(4)
    placed = model.moved(np.diag([*[unit * options.scale] * 3, 1.0]) @ turned)
    _check_size(path, placed, unit * options.scale)
    low, high = placed.bounds
    shift = trimesh.transformations.translation_matrix([*(-(low + high) / 2)[:2], -low[2]])
    return placed.moved(np.asarray(shift, float))


def _check_size(path: Path, model: LinkModel, factor: float) -> None:
    size = np.ptp(model.bounds, axis=0)
    longest = float(size.max())
    if not SMALLEST <= longest <= LARGEST:
        other = {u: longest / factor * m for u, m in METRES.items()}
        likely = [f"--unit {u} gives {v:.3g} m" for u, v in other.items() if 0.01 <= v <= 2.0]
        raise refuse(
            path,
            f"its longest side would be {longest:.3g} m, allowed {SMALLEST:g} to {LARGEST:g} m.",
            f"Say its unit: {'; '.join(likely) or 'none of m, cm, mm, inch fits, use --scale'}.",
        )
    if size.min() < THINNEST:
        raise refuse(
            path, f"it is flat: {' x '.join(f'{1000 * v:.3g}' for v in size)} mm, zero volume.", "Give it thickness."
        )


def _light(model: LinkModel, faces: int) -> LinkModel:
    """All links repaired and decimated, each to its share of the faces."""
    total = sum(len(v.mesh.faces) for link in model.links.values() for v in link.visuals)
    links = dict[str, Link]()
    for name, link in model.links.items():
        share = max(100, int(faces * sum(len(v.mesh.faces) for v in link.visuals) / total))
        links[name] = replace(
            link, visuals=tuple(repaired(link.visuals, faces=share)), solids=tuple(cleaned(s) for s in link.solids)
        )
    return replace(model, links=links)


def _pieces(path: Path, name: str, link: Link, method: Method) -> list[Piece]:
    """Convex pieces: of what the file says collides, shape by shape, else of all that is seen together."""
    seen = [cleaned(joined([v.mesh for v in link.visuals]))] if link.visuals else []
    sources = list(link.solids) or seen
    found: list[Piece] = [p for mesh in sources for p in convex_pieces(mesh, method, footed=not name)]
    if not found:
        raise refuse(path, f"{f'link {name!r}' if name else 'it'} encloses no volume.", "A solid needs thickness.")
    return found


def _draft(
    name: str, model: LinkModel, pieces: Mapping[str, list[Piece]], options: ImportOptions, *, source: str, fixed: bool
) -> Draft:
    noun = options.noun or name.replace("_", " ")
    masses = _masses(model, pieces, options)
    bodies, geometry = dict[str, Body](), dict[str, BodyGeometry]()
    affordances: tuple[Affordance, ...] = ()
    for key, link in model.links.items():
        at = link.joint.anchor if link.joint is not None else (0.0, 0.0, 0.0)
        local = LinkModel({key: replace(link, joint=None)}).moved(_to(at)).links[key]
        own = [_moved_piece(p, at) for p in pieces[key]]
        bodies[key] = _body(local, own, link, mass=masses[key], position=at)
        meshes = [v.mesh for v in local.visuals]
        if link.joint is None:
            geometry[key], affordances = annotate_body(own, meshes, gripper=GRIPPER, mass=masses[key], fixed=fixed)
        else:
            geometry[key] = annotate_link(own, meshes, link.joint, gripper=GRIPPER, origin=np.array(at))
    joints = [link.joint for link in model.links.values() if link.joint is not None]
    return Draft(
        name=name,
        category=options.category,
        noun=noun,
        bodies=bodies,
        geometry=geometry,
        affordances=tuple(sorted({*affordances, *joint_affordances(joints)})),
        licence=Licence(spdx=options.licence, author=options.author, source=source, note="Imported by the user."),
        fixed=fixed,
        material=options.material or "",
        link_nouns={key: key.replace("_", " ") for key in model.links if key},
    )


def _body(local: Link, pieces: list[Piece], link: Link, *, mass: float, position: Vec3) -> Body:
    joint = link.joint
    attributes = {} if joint is None else {
        "damping": f"{max(joint.damping, 0.1):g}", "frictionloss": f"{joint.friction:g}", "armature": "0.01"
    } | ({"stiffness": f"{joint.stiffness:g}"} if joint.stiffness else {})  # fmt: skip
    return Body(list(local.visuals), pieces, mass, position, joint, attributes)


def _masses(model: LinkModel, pieces: Mapping[str, list[Piece]], options: ImportOptions) -> dict[str, float]:
    """Kilograms by link: as asked, as the material has it, as the file says, or from the pieces' volume."""
    volume = {key: sum(_volume(p) for p in found) for key, found in pieces.items()}
    if options.mass is not None:
        total = sum(volume.values())
        return {key: options.mass * v / total for key, v in volume.items()}
    if options.material is not None:
        return {key: prior_mass(options.material, _solids(found), "hollow") for key, found in pieces.items()}
    return {key: link.mass or DENSITY * volume[key] for key, link in model.links.items()}


def _solids(pieces: list[Piece]) -> list[trimesh.Trimesh]:
    return [p for p in pieces if isinstance(p, trimesh.Trimesh)]


def _volume(piece: Piece) -> float:
    return float(piece.volume) if isinstance(piece, trimesh.Trimesh) else float(np.prod(np.array(piece.half) * 2))


def _moved_piece(piece: Piece, at: Vec3) -> Piece:
    assert isinstance(piece, trimesh.Trimesh)
    return trimesh.Trimesh(np.asarray(piece.vertices) - at, piece.faces, process=False)


def _to(at: Vec3) -> Array:
    """The (4, 4) that takes the base frame's coordinates into a frame at ``at``."""
    return np.asarray(trimesh.transformations.translation_matrix([-v for v in vec3(at)]), float)
