"""Package a body's visuals and convex pieces as an asset folder: MJCF, meshes, textures, inertia."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.importers.meshes import write_msh
from assets.importers.mjcf import new_model, numbers, write_model
from assets.png import write_png
from pipeline.core.geometry import Box, Joint, Vec3
from pipeline.core.poses import quat_to_matrix

Array = NDArray[np.float64]
Piece = Box | trimesh.Trimesh
SPIN_AND_ROLL = (0.005, 0.0001)  # m; torsional and rolling friction, MuJoCo's defaults


@dataclass(frozen=True)
class Visual:
    """A mesh in the body frame with one material: a texture (height, width, 3) uint8 with uv, or a plain colour."""

    mesh: trimesh.Trimesh
    uv: Array | None = None
    texture: NDArray[np.uint8] | None = None
    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    specular: float = 0.2


@dataclass(frozen=True)
class Body:
    """One rigid link: what is seen, what collides, its mass [kg] and its place in the asset's base frame."""

    visuals: Sequence[Visual]
    pieces: Sequence[Piece]
    mass: float
    position: Vec3 = (0.0, 0.0, 0.0)
    joint: Joint | None = None
    joint_attributes: Mapping[str, str] = field(default_factory=dict)


def write_bodies(name: str, folder: Path, bodies: Mapping[str, Body], *, fixed: bool, friction: float = 1.0) -> None:
    """Write ``model.xml`` and the files it refers to; the link "" becomes the body ``base`` that carries the others."""
    folder.mkdir(parents=True, exist_ok=True)
    root, asset, world = new_model(name)
    base = ET.SubElement(world, "body", name="base")
    if not fixed:
        ET.SubElement(base, "freejoint", name="free")
    textures: dict[bytes, str] = {}
    for link, body in bodies.items():
        element = base if not link else ET.SubElement(base, "body", name=link, pos=numbers(body.position))
        prefix = f"{link}_" if link else ""
        if not fixed or link:
            ET.SubElement(element, "inertial", _inertial(body))
        if body.joint is not None:
            ET.SubElement(element, "joint", _joint(body))
        for k, visual in enumerate(body.visuals):
            _write_visual(f"{prefix}visual{f'_{k}' if k else ''}", visual, (asset, element), folder, textures=textures)
        for k, piece in enumerate(body.pieces):
            _write_piece(f"{prefix}hull_{k:02d}", piece, (asset, element), folder, friction=friction)
    _exclude_own_contacts(root, list(bodies))
    write_model(root, folder / "model.xml")


def _joint(body: Body) -> dict[str, str]:
    joint = body.joint
    assert joint is not None
    kind = "slide" if joint.kind == "prismatic" else "hinge"
    limits = numbers([joint.lower, joint.upper])
    anchor = numbers(np.subtract(joint.anchor, body.position) if joint.kind == "revolute" else (0.0, 0.0, 0.0))
    names = {"name": joint.name, "type": kind, "axis": numbers(joint.axis), "range": limits, "pos": anchor}
    return {**names, **body.joint_attributes}


def centre_of_mass(pieces: Sequence[Piece]) -> Array:
    """Of convex pieces at one density (3,) [m]."""
    solids = [_solid(p) for p in pieces]
    volume = sum(s.volume for s in solids)
    return sum((s.volume * np.asarray(s.center_mass, float) for s in solids), np.zeros(3)) / volume


def _inertial(body: Body) -> dict[str, str]:
    """Mass, centre and inertia of the pieces at one density that gives the body's mass."""
    solids = [_solid(p) for p in body.pieces]
    volume = sum(s.volume for s in solids)
    centre = centre_of_mass(body.pieces)
    inertia = np.zeros((3, 3))
    for s in solids:
        offset = np.asarray(s.center_mass, float) - centre
        own = np.asarray(s.moment_inertia, float)
        inertia += own + s.volume * (offset @ offset * np.eye(3) - np.outer(offset, offset))
    inertia *= body.mass / volume
    six = [inertia[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    return {"mass": numbers([body.mass]), "pos": numbers(centre), "fullinertia": numbers(six)}


def _solid(piece: Piece) -> trimesh.Trimesh:
    if not isinstance(piece, Box):
        return trimesh.convex.convex_hull(piece.vertices)
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = quat_to_matrix(piece.pose[3:]), piece.pose[:3]
    return trimesh.creation.box(2 * np.array(piece.half), transform)


def _write_visual(
    label: str, visual: Visual, into: tuple[ET.Element, ET.Element], folder: Path, *, textures: dict[bytes, str]
) -> None:
    asset, element = into
    write_msh(folder / f"{label}.msh", visual.mesh, uv=None if visual.texture is None else visual.uv)
    material = {"name": label, "specular": numbers([visual.specular]), "shininess": "0.3"}
    if visual.texture is None:
        material["rgba"] = numbers(visual.color)
    else:
        material["texture"] = _texture(visual.texture, asset, folder, textures)
    ET.SubElement(asset, "material", material)
    ET.SubElement(asset, "mesh", name=label, file=f"{label}.msh", inertia="shell")
    attributes = {"type": "mesh", "mesh": label, "material": label, "group": "2"}
    ET.SubElement(element, "geom", {**attributes, "contype": "0", "conaffinity": "0"})


def _texture(image: NDArray[np.uint8], asset: ET.Element, folder: Path, textures: dict[bytes, str]) -> str:
    """The name of the texture file that holds ``image``; the same image is written once."""
    key = image.tobytes()
    if key not in textures:
        name = textures[key] = f"texture{f'_{len(textures)}' if textures else ''}"
        write_png(folder / f"{name}.png", image)
        ET.SubElement(asset, "texture", name=name, type="2d", file=f"{name}.png")
    return textures[key]


def _write_piece(
    label: str, piece: Piece, into: tuple[ET.Element, ET.Element], folder: Path, *, friction: float
) -> None:
    attributes = {"group": "3", "friction": numbers([friction, *SPIN_AND_ROLL]), "rgba": "0.6 0.6 0.7 1"}
    if isinstance(piece, Box):
        attributes |= {"type": "box", "size": numbers(piece.half), "pos": numbers(piece.pose[:3])}
        attributes["quat"] = numbers(piece.pose[3:])
    else:
        write_msh(folder / f"{label}.msh", piece, shaded=False)
        ET.SubElement(into[0], "mesh", name=label, file=f"{label}.msh")
        attributes |= {"type": "mesh", "mesh": label}
    ET.SubElement(into[1], "geom", attributes)


def _exclude_own_contacts(root: ET.Element, links: list[str]) -> None:
    """Links of one asset never push each other: their joints' limits do."""
    bodies = [link or "base" for link in links]
    if len(bodies) < 2:
        return
    contact = ET.SubElement(root, "contact")
    for i, first in enumerate(bodies):
        for second in bodies[i + 1 :]:
            ET.SubElement(contact, "exclude", body1=first, body2=second)
