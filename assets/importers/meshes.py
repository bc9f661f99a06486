"""Mesh tools: merge, decimate, shade, and write files that every engine reads the same way: OBJ and binary MSH."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fast_simplification
import numpy as np
import trimesh
from numpy.typing import NDArray

from pipeline.core.errors import AssetError

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


def write_msh(path: Path, mesh: trimesh.Trimesh, *, uv: Array | None = None, shaded: bool = True) -> None:
    """Write MuJoCo's binary mesh format: a third of the OBJ's size, read by MuJoCo and, through it, by Genesis.

    Little-endian: four int32 counts (vertices, normals, texture coordinates, faces), float32 vertices [m], normals,
    texture coordinates (n, 2), then int32 faces. The format's v axis points down, OBJ's and ours up. Without ``shaded``
    there are no normals: what only collides needs none.
    """
    vertices = np.asarray(mesh.vertices, float).round(6) + 0.0
    normals = np.asarray(mesh.vertex_normals, float).round(4) + 0.0 if shaded else np.zeros((0, 3))
    down = np.zeros((0, 2)) if uv is None else np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).round(5)
    counts = np.array([len(vertices), len(normals), len(down), len(mesh.faces)], "<i4")
    parts = [a.astype("<f4").tobytes() for a in (vertices, normals, down)]
    path.write_bytes(counts.tobytes() + b"".join(parts) + np.asarray(mesh.faces, "<i4").tobytes())


def read_msh(path: Path) -> tuple[trimesh.Trimesh, Array | None]:
    """The mesh and texture coordinates (n, 2), v upwards, of a file that :func:`write_msh` wrote."""
    data = path.read_bytes()
    counts = [int(n) for n in np.frombuffer(data, "<i4", 4)]
    widths = [3, 3, 2]
    if len(data) != 16 + 4 * sum(n * w for n, w in zip(counts, [*widths, 3], strict=True)):
        raise AssetError(f"{str(path)!r} is not a binary MSH: its size does not fit its counts. Write it anew.")
    blocks, at = list[Array](), 16
    for count, width in zip(counts, widths, strict=False):
        blocks.append(np.frombuffer(data, "<f4", count * width, at).reshape(count, width).astype(float))
        at += 4 * count * width
    faces = np.frombuffer(data, "<i4", counts[3] * 3, at).reshape(-1, 3)
    vertices, normals, down = blocks
    mesh = trimesh.Trimesh(vertices, faces, vertex_normals=normals if len(normals) else None, process=False)
    return mesh, np.stack([down[:, 0], 1.0 - down[:, 1]], axis=1) if len(down) else None


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
