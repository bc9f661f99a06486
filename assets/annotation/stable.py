"""Stable poses: how a free body can lie on a plane, from its convex hull and its centre of mass."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from pipeline.core.geometry import StablePose
from pipeline.core.poses import quat_rotate

Array = NDArray[np.float64]
FLAT = np.cos(np.radians(1.5))  # neighbouring facets within this angle are one face
MARGIN = 0.001  # m; the centre of mass must be this far inside the support polygon
ALIKE = np.cos(np.radians(10.0))  # poses with resting directions this close count as one
LEAST, MOST = 0.01, 8  # smallest probability and greatest number of poses kept


def stable_poses(points: Array, centre: Array) -> tuple[StablePose, ...]:
    """Resting poses of the hull of ``points`` (n, 3) [m] with its centre of mass at ``centre`` (3,), likeliest first.

    A face is stable when the centre of mass projects into it. Its probability is the share of directions, seen from the
    centre of mass, that lead to it: those it covers itself, and those of the faces from which the body rolls on to it
    (Goldberg et al. 1999, "Part pose statistics"; quasi-static, so a guide rather than a promise).
    """
    faces = _faces(points)
    target = np.array([_rolls_to(faces, i, centre) for i in range(len(faces))])
    share = np.array([_solid_angle(f, centre) for f in faces])
    found: dict[int, float] = {}
    for i in range(len(faces)):
        end = _settles(target, i)
        found[end] = found.get(end, 0.0) + float(share[i])
    total = sum(found.values())
    merged = _merged([(faces[i].normal, p / total) for i, p in found.items()])
    kept = [(n, p) for n, p in merged if p >= LEAST][:MOST]
    return tuple(_pose(n, p, points) for n, p in kept)


class _Face:
    """A flat part of the hull: outward normal, offset, corners in order around it."""

    def __init__(self, normal: Array, corners: Array) -> None:
        self.normal, self.offset = normal, float((corners @ normal).max())
        x = np.cross(normal, np.eye(3)[int(np.abs(normal).argmin())])
        self.axes = np.stack([x / np.linalg.norm(x), np.cross(normal, x / np.linalg.norm(x))])
        flat = corners @ self.axes.T
        order = ConvexHull(flat).vertices
        self.corners, self.flat = corners[order], flat[order]


def _faces(points: Array) -> list[_Face]:
    """The hull's facets, nearly coplanar ones joined."""
    mesh = trimesh.convex.convex_hull(points)
    normals, areas = np.asarray(mesh.face_normals), np.asarray(mesh.area_faces)
    left = [int(i) for i in np.argsort(-areas, kind="stable") if areas[i] > 1e-10]
    faces: list[_Face] = []
    while left:
        first = normals[left[0]]
        group = [i for i in left if normals[i] @ first > FLAT]
        corners = np.unique(np.asarray(mesh.faces)[group].ravel())
        faces.append(_Face(first, np.asarray(mesh.vertices)[corners]))
        left = [i for i in left if i not in set(group)]
    return faces


def _rolls_to(faces: list[_Face], index: int, centre: Array) -> int:
    """The face itself when the body rests on it, else the neighbour over the edge that the centre of mass is beyond."""
    face = faces[index]
    start, end = face.flat, np.roll(face.flat, -1, axis=0)
    along = end - start
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1)[:, None]
    inside = np.einsum("ij,ij->i", face.axes @ centre - start, inward)
    edge = int(inside.argmin())
    if inside[edge] >= MARGIN:
        return index
    middle = (face.corners[edge] + np.roll(face.corners, -1, axis=0)[edge]) / 2
    lowest = [_height(f, centre) if _touches(f, middle) and k != index else np.inf for k, f in enumerate(faces)]
    best = int(np.argmin(lowest))
    return best if lowest[best] < _height(face, centre) else index


def _height(face: _Face, centre: Array) -> float:
    """Of the centre of mass above the plane when the body lies on ``face`` [m]; rolling lowers it."""
    return face.offset - float(face.normal @ centre)


def _touches(face: _Face, point: Array) -> bool:
    return abs(face.offset - float(face.normal @ point)) < 5e-4


def _settles(target: NDArray[np.intp], index: int) -> int:
    """Where rolling on ends; heights fall at each step, so it does."""
    while target[index] != index:
        index = int(target[index])
    return index


def _solid_angle(face: _Face, centre: Array) -> float:
    """Of the face as seen from ``centre`` [sr] (Van Oosterom and Strackee 1983)."""
    rays = face.corners - centre
    size = np.linalg.norm(rays, axis=1)
    total = 0.0
    for i in range(1, len(rays) - 1):
        a, b, c = rays[0], rays[i], rays[i + 1]
        la, lb, lc = size[0], size[i], size[i + 1]
        below = la * lb * lc + (a @ b) * lc + (a @ c) * lb + (b @ c) * la
        total += 2 * abs(float(np.arctan2(a @ np.cross(b, c), below)))
    return total


def _merged(faces: list[tuple[Array, float]]) -> list[tuple[Array, float]]:
    """Facets of one rounded side counted once: the likeliest stands for those within ten degrees of it."""
    kept: list[tuple[Array, float]] = []
    for normal, share in sorted(faces, key=lambda f: -f[1]):
        near = next((k for k, (n, _) in enumerate(kept) if float(n @ normal) > ALIKE), None)
        if near is None:
            kept.append((normal, share))
        else:
            kept[near] = (kept[near][0], kept[near][1] + share)
    return sorted(kept, key=lambda f: -f[1])


def _pose(normal: Array, share: float, points: Array) -> StablePose:
    """The smallest turn that brings ``normal`` to straight down."""
    quat = _turn_down(normal)
    lowest = float(np.asarray(quat_rotate(np.array(quat), points))[:, 2].min())
    return StablePose(quat=quat, height=-lowest, probability=min(1.0, share))


def _turn_down(normal: Array) -> tuple[float, float, float, float]:
    """The shortest rotation of ``normal`` (3,) to -z; about x for what points straight up."""
    w = 1.0 - float(normal[2])
    if w < 1e-9:
        return (0.0, 1.0, 0.0, 0.0)
    size = float(np.sqrt(w**2 + normal[0] ** 2 + normal[1] ** 2))
    # normal x (0, 0, -1) = (-ny, nx, 0)
    return (w / size, -float(normal[1]) / size, float(normal[0]) / size, 0.0)
