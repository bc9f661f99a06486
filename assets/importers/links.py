"""LinkModel: what an importer reads, whatever the format: rigid links in one base frame, at zero joint positions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.package import Visual
from assets.values import vec3
from pipeline.core.geometry import Joint

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """One rigid body: what is seen, what collides (empty: what is seen), its mass [kg] if the file says it."""

    visuals: tuple[Visual, ...] = ()
    solids: tuple[trimesh.Trimesh, ...] = ()
    mass: float | None = None
    joint: Joint | None = None

    @property
    def meshes(self) -> list[trimesh.Trimesh]:
        """Every mesh of the link."""
        return [v.mesh for v in self.visuals] + list(self.solids)


@dataclass(frozen=True)
class LinkModel:
    """The links by name, the base ``""`` first; ``up`` and ``metres`` (a unit's length) are what the format says."""

    links: Mapping[str, Link]
    up: str = "z"
    metres: float = 1.0
    notes: tuple[str, ...] = field(default=())

    @property
    def bounds(self) -> Array:
        """(2, 3) lowest and highest corner of all that is seen or collides."""
        corners = np.array([m.bounds for link in self.links.values() for m in link.meshes])
        return np.stack([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])

    def moved(self, matrix: Array) -> LinkModel:
        """The model after a similarity transform (4, 4): meshes, joint axes, anchors and slides follow."""
        return replace(self, links={name: _moved(link, matrix) for name, link in self.links.items()})


def identifier(text: str) -> str:
    """A name of small letters, digits and underscores made of ``text``; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def moved_mesh(mesh: trimesh.Trimesh, matrix: Array) -> trimesh.Trimesh:
    """A transformed copy; a mirroring matrix turns the faces, so that they look outwards again."""
    copy = mesh.copy()
    copy.apply_transform(matrix)
    return copy


def _moved(link: Link, matrix: Array) -> Link:
    return Link(
        visuals=tuple(replace(v, mesh=moved_mesh(v.mesh, matrix)) for v in link.visuals),
        solids=tuple(moved_mesh(s, matrix) for s in link.solids),
        mass=link.mass,
        joint=link.joint and _moved_joint(link.joint, matrix),
    )


def _moved_joint(joint: Joint, matrix: Array) -> Joint:
    scale = float(np.cbrt(abs(np.linalg.det(matrix[:3, :3]))))
    factor = scale if joint.kind == "prismatic" else 1.0
    return joint.model_copy(
        update={
            "axis": vec3(matrix[:3, :3] @ joint.axis / scale),
            "anchor": vec3(matrix[:3, :3] @ joint.anchor + matrix[:3, 3]),
            "lower": joint.lower * factor,
            "upper": joint.upper * factor,
        }
    )
