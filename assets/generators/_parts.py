"""Parts: the links of an articulated asset as they stand with every joint at 0, and their assembly into a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import trimesh

from assets.annotation.boxes import aligned_box, bounds_box, cover_with_boxes
from assets.annotation.solids import Solids
from assets.draft import Draft
from assets.generators._draws import Draws
from assets.package import Body, Piece, Visual
from assets.values import vec3
from pipeline.core.asset import Affordance
from pipeline.core.geometry import BodyGeometry, Box, Grasp, Joint, Vec3

PLANNING_BOXES = 8
ARMATURE = 0.002  # kg m^2 or kg; steadies light knobs and buttons


@dataclass(frozen=True)
class Part:
    """One link with its joint, all in the asset's base frame [m]; ``axes`` are unit directions there."""

    visuals: Sequence[Visual]
    pieces: Sequence[Piece]
    mass: float = 0.0
    noun: str = ""
    joint: Joint | None = None
    support: Box | None = None
    cavity: Box | None = None
    keypoints: Mapping[str, Vec3] = field(default_factory=dict)
    axes: Mapping[str, Vec3] = field(default_factory=dict)
    grasps: Sequence[Grasp] = ()


def assemble(
    draws: Draws,
    parts: Mapping[str, Part],
    *,
    category: str,
    noun: str,
    affordances: tuple[Affordance, ...],
    description: str,
) -> Draft:
    """The draft of a fixed asset whose base is ``parts[""]``; each moving link's frame sits on its joint's axis."""
    return Draft(
        name=draws.name,
        category=category,
        noun=noun,
        bodies={link: _body(p) for link, p in parts.items()},
        geometry={link: _geometry(p) for link, p in parts.items()},
        affordances=affordances,
        fixed=True,
        link_nouns={link: p.noun for link, p in parts.items() if p.joint is not None},
        description=description,
    )


def joint_attributes(joint: Joint) -> dict[str, str]:
    """MJCF attributes that agree with the card's damping, dry friction and spring."""
    values = {
        "damping": joint.damping, "frictionloss": joint.friction, "armature": ARMATURE, "stiffness": joint.stiffness
    }  # fmt: skip
    return {name: f"{value:g}" for name, value in values.items() if value}


def moved(box: Box, by: Vec3) -> Box:
    """The box, shifted [m]."""
    x, y, z = vec3(np.add(box.pose[:3], by))
    return box.model_copy(update={"pose": (x, y, z, *box.pose[3:])})


def _origin(part: Part) -> Vec3:
    return part.joint.anchor if part.joint is not None else (0.0, 0.0, 0.0)


def _body(part: Part) -> Body:
    back = vec3(-np.array(_origin(part)))
    return Body(
        visuals=[_moved_visual(v, back) for v in part.visuals],
        pieces=[_moved_piece(p, back) for p in part.pieces],
        mass=part.mass,
        position=_origin(part),
        joint=part.joint,
        joint_attributes=joint_attributes(part.joint) if part.joint else {},
    )


def _geometry(part: Part) -> BodyGeometry:
    back = vec3(-np.array(_origin(part)))
    pieces = [_moved_piece(p, back) for p in part.pieces]
    solids = Solids.of(pieces)
    boxes = tuple(p if isinstance(p, Box) else aligned_box(*p.bounds) for p in pieces)
    return BodyGeometry(
        bounds=bounds_box(solids),
        collision=boxes if len(boxes) <= PLANNING_BOXES else cover_with_boxes(solids, PLANNING_BOXES),
        support=part.support and moved(part.support, back),
        cavity=part.cavity and moved(part.cavity, back),
        keypoints={name: vec3(np.add(point, back)) for name, point in part.keypoints.items()},
        axes=dict(part.axes),
        grasps=tuple(_moved_grasp(g, back) for g in part.grasps),
    )


def _moved_grasp(grasp: Grasp, by: Vec3) -> Grasp:
    x, y, z = vec3(np.add(grasp.pose[:3], by))
    return grasp.model_copy(update={"pose": (x, y, z, *grasp.pose[3:])})


def _moved_piece(piece: Piece, by: Vec3) -> Piece:
    return moved(piece, by) if isinstance(piece, Box) else _moved_mesh(piece, by)


def _moved_visual(visual: Visual, by: Vec3) -> Visual:
    return Visual(_moved_mesh(visual.mesh, by), visual.uv, visual.texture, visual.color, visual.specular)


def _moved_mesh(mesh: trimesh.Trimesh, by: Vec3) -> trimesh.Trimesh:
    shifted = mesh.copy()
    shifted.apply_translation(by)
    return shifted
