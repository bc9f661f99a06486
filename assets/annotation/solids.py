"""Solids: a union of convex pieces as half spaces, for line casting and depth queries without watertight meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from pipeline.core.geometry import Box
from pipeline.core.poses import transform_points

Array = NDArray[np.float64]
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Solids:
    """Convex pieces, each a point set (n, 3) [m]; what physics collides with, so what annotation reasons on."""

    pieces: tuple[Array, ...]

    @staticmethod
    def of(pieces: Sequence[Box | trimesh.Trimesh]) -> Solids:
        """The solids of boxes and convex meshes."""
        return Solids(tuple(_corners(p) if isinstance(p, Box) else np.asarray(p.vertices, float) for p in pieces))

    @cached_property
    def hulls(self) -> tuple[ConvexHull, ...]:
        """Convex hull of every piece."""
        return tuple(ConvexHull(p) for p in self.pieces)

    @property
    def bounds(self) -> Array:
        """(2, 3) lowest and highest corner."""
        points = np.concatenate(self.pieces)
        return np.stack([points.min(axis=0), points.max(axis=0)])

    @cached_property
    def centre(self) -> Array:
        """Centroid (3,) at uniform density, overlaps counted twice."""
        volumes = np.array([h.volume for h in self.hulls])
        centroids = np.array([np.asarray(self._mesh(i).center_mass) for i in range(len(self.pieces))])
        return (volumes[:, None] * centroids).sum(axis=0) / volumes.sum()

    def depth(self, points: Array) -> Array:
        """(n,) distance [m] to the surface of the deepest piece that holds each point; negative outside."""
        return np.maximum.reduce([-(points @ h.equations[:, :3].T + h.equations[:, 3]).max(axis=1) for h in self.hulls])

    def cast(self, origins: Array, directions: Array) -> tuple[Array, Array, Array, Array]:
        """Where lines cross each piece.

        ``origins``, ``directions`` (rays, 3) -> enter, leave (pieces, rays) [m, signed; enter > leave is a miss]
        and the outward normals there (pieces, rays, 3).
        """
        parts = [
            [
                _cross(h, origins[i : i + CHUNK], directions[i : i + CHUNK])
                for i in range(0, max(1, len(origins)), CHUNK)
            ]
            for h in self.hulls
        ]
        return tuple(np.stack([np.concatenate([c[k] for c in piece]) for piece in parts]) for k in range(4))  # type: ignore[return-value]

    def surface(self, count: int, *, seed: int = 0) -> tuple[Array, Array]:
        """About ``count`` points (n, 3) on the outside of the union and their normals (n, 3)."""
        areas = np.array([h.area for h in self.hulls])
        points, normals = [], []
        for i, share in enumerate(areas / areas.sum()):
            mesh = self._mesh(i)
            found, faces = trimesh.sample.sample_surface(mesh, max(20, int(count * share)), seed=seed + i)[:2]
            points.append(np.asarray(found, float))
            normals.append(np.asarray(mesh.face_normals)[faces])
        every = np.concatenate(points)
        outside = self.depth(every) < 1e-4
        return every[outside], np.concatenate(normals)[outside]

    def _mesh(self, index: int) -> trimesh.Trimesh:
        return trimesh.convex.convex_hull(self.pieces[index])


def _corners(box: Box) -> Array:
    signs = np.array(list(np.ndindex(2, 2, 2)), float) * 2 - 1
    return transform_points(box.pose, signs * np.array(box.half))


def _cross(hull: ConvexHull, origins: Array, directions: Array) -> tuple[Array, Array, Array, Array]:
    """Slab test against all half spaces at once (Cyrus and Beck 1978)."""
    normal, offset = hull.equations[:, :3], hull.equations[:, 3]
    toward = directions @ normal.T
    distance = -(origins @ normal.T + offset)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = distance / toward
    enters = np.where(toward < -1e-9, at, -np.inf)
    leaves = np.where(toward > 1e-9, at, np.inf)
    outside = ((np.abs(toward) <= 1e-9) & (distance < 0)).any(axis=1)
    i, j = enters.argmax(axis=1), leaves.argmin(axis=1)
    rows = np.arange(len(origins))
    return np.where(outside, np.inf, enters[rows, i]), np.where(outside, -np.inf, leaves[rows, j]), normal[i], normal[j]
