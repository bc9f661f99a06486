"""Surface: the outside of a body as triangles, from its collision boxes or its meshes, and points drawn on it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import FileStore
from pipeline.core.errors import AssetError, UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box

Array = NDArray[np.float64]
CORNERS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
"""Sides of a box by its corners, turning left as seen from outside."""
INNER = 5e-4  # m; what lies deeper inside another piece is no surface
LEAST = 1e-12  # m^2 of a triangle


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles (faces, 3, 3) m in the body's frame, normals outwards; ``pieces`` hide what is inside of them."""

    triangles: Array
    pieces: tuple[Box, ...] = ()

    @staticmethod
    def of(geometry: BodyGeometry) -> Surface:
        """The sides of the collision boxes, or of the bounds where there are none."""
        boxes = geometry.collision or (geometry.bounds,)
        return Surface(np.concatenate([_sides(box) for box in boxes]), boxes)

    @staticmethod
    def read(asset: AssetSpec, link: str, files: FileStore) -> Surface:
        """What is seen of a link, from its meshes; the collision boxes where it has no mesh that we wrote.

        Needs the packages of the extra ``assets``.
        """
        if link not in asset.links:
            raise UnknownNameError(f"link of {asset.name}", link, asset.links)
        start = f"{link}_visual" if link else "visual"
        names = sorted(name for name in asset.files if name.startswith(start) and name.endswith(".msh"))
        if not names:
            return Surface.of(asset.links[link])
        try:
            from assets.importers.meshes import read_msh
        except ImportError as error:
            raise AssetError("Reading meshes needs trimesh: pip install 'taskloom[assets]'.") from error
        folder = files.folder(asset)
        return Surface(np.concatenate([np.asarray(read_msh(folder / name)[0].triangles, float) for name in names]))

    def sample(self, count: int, stream: np.random.Generator) -> tuple[Array, Array]:
        """Points (n, 3) m drawn evenly over the outside, and outward normals (n, 3); n is at most ``count``."""
        normal = np.cross(self.triangles[:, 1] - self.triangles[:, 0], self.triangles[:, 2] - self.triangles[:, 0])
        area = np.linalg.norm(normal, axis=1)
        keep = area > LEAST
        which = stream.choice(np.flatnonzero(keep), count, p=area[keep] / area[keep].sum())
        a, b = np.sqrt(stream.random(count)), stream.random(count)
        weights = np.stack([1 - a, a * (1 - b), a * b], axis=1)
        points = np.einsum("nk,nkd->nd", weights, self.triangles[which])
        outside = ~self._hidden(points)
        return points[outside], (normal[which] / area[which, None])[outside]

    def _hidden(self, points: Array) -> NDArray[np.bool_]:
        hidden = np.zeros(len(points), bool)
        for box in self.pieces:
            local = poses.transform_points(poses.inverse(np.array(box.pose)), points)
            hidden |= (np.abs(local) < np.array(box.half) - INNER).all(axis=1)
        return hidden


def _sides(box: Box) -> Array:
    """Twelve triangles (12, 3, 3) of a box."""
    corner = poses.transform_points(np.array(box.pose), CORNERS * box.half)
    return np.array([corner[list(t)] for a, b, c, d in QUADS for t in ((a, b, c), (a, c, d))])
