"""Mesh tools: merge, decimate, shade, and write light OBJ files that every engine reads the same way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fast_simplification
import numpy as np
import trimesh
from numpy.typing import NDArray

Array = NDArray[np.float64]
CREASE = np.radians(35.0)  # rad; sharper edges keep a visible crease


def decimate(mesh: trimesh.Trimesh, faces: int) -> trimesh.Trimesh:
    """The mesh with at most about ``faces`` triangles (quadric edge collapse); texture coordinates are dropped."""
    welded = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    welded.merge_vertices(merge_tex=True, merge_norm=True)
    if len(welded.faces) <= faces:
        return welded
    simplified = fast_simplification.simplify(
        np.asarray(welded.vertices, float), np.asarray(welded.faces, np.int32), target_count=faces, agg=5
    )
    return trimesh.Trimesh(np.asarray(simplified[0], float), simplified[1], process=True)


def joined(meshes: Sequence[trimesh.Trimesh]) -> trimesh.Trimesh:
    """One mesh of all vertices and faces, in order; materials are dropped."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    faces = np.concatenate([np.asarray(m.faces) + s for m, s in zip(meshes, starts, strict=False)])
    return trimesh.Trimesh(np.concatenate([np.asarray(m.vertices) for m in meshes]), faces, process=False)


def shade(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh with vertices split along creases, so that vertex normals are smooth within a face of the object."""
    return trimesh.graph.smooth_shade(mesh, angle=float(CREASE))


def write_obj(path: Path, mesh: trimesh.Trimesh, uv: Array | None = None) -> None:
    """Write vertices, normals and, if given, texture coordinates (n, 2); six digits after the point, metres."""
    normals = np.asarray(mesh.vertex_normals, float)
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in np.asarray(mesh.vertices) + 0.0]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in normals]
    if uv is not None:
        lines += [f"vt {u:.5f} {v:.5f}" for u, v in uv]
    corner = "{0}/{0}/{0}" if uv is not None else "{0}//{0}"
    lines += ["f " + " ".join(corner.format(i + 1) for i in face) for face in mesh.faces]
    path.write_text("\n".join(lines) + "\n")


def convex_hull(points: Array, *, vertices: int = 64) -> trimesh.Trimesh:
    """A convex mesh around ``points`` (n, 3) with at most ``vertices`` vertices and the same extents."""
    hull = trimesh.convex.convex_hull(points)
    low, size = hull.bounds[0], np.ptp(hull.bounds, axis=0)
    target = 2 * vertices - 4  # faces of a closed triangle mesh (Euler)
    while len(hull.vertices) > vertices and target > vertices:
        hull = trimesh.convex.convex_hull(decimate(hull, target).vertices)
        target = int(target * 0.9)
    if len(hull.vertices) > vertices:
        hull = trimesh.convex.convex_hull(_spread(np.asarray(hull.vertices), vertices))
    # Decimation cuts corners off; a foot that does not reach the table would let the object sink.
    fitted = (np.asarray(hull.vertices) - hull.bounds[0]) / np.ptp(hull.bounds, axis=0) * size + low
    return trimesh.convex.convex_hull(fitted)


def _spread(points: Array, count: int) -> Array:
    """``count`` of the points (n, 3), each the farthest from those before it."""
    kept = [int(np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1)))]
    distance = np.linalg.norm(points - points[kept[0]], axis=1)
    while len(kept) < count:
        kept.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[kept[-1]], axis=1))
    return points[kept]
