"""Clean an imported mesh: merge, drop degenerate faces, turn normals outwards, decimate; textures are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.importers.meshes import decimate, shade
from assets.package import Visual

Array = NDArray[np.float64]
NUDGE = 0.05  # towards a face's centre, so that a corner on a seam reads the texture of its own side
SEAM = 0.25  # corners of one face whose texture coordinates lie further apart straddle a seam
HEAVY = 200_000  # faces; above it normals are only mended after decimation


def repaired(visuals: Sequence[Visual], *, faces: int) -> list[Visual]:
    """The visuals with about ``faces`` triangles in all, shared out by what each had."""
    total = sum(len(v.mesh.faces) for v in visuals)
    ratio = min(1.0, faces / total)
    found = [_light(v, max(50, int(ratio * len(v.mesh.faces)))) for v in visuals]
    return [v for v in found if len(v.mesh.faces)]


def cleaned(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Merged vertices, no degenerate or doubled faces, normals outwards where the surface says which way that is."""
    clean = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    clean.merge_vertices(merge_tex=True, merge_norm=True)
    clean.update_faces(clean.nondegenerate_faces() & clean.unique_faces())
    clean.remove_unreferenced_vertices()
    if len(clean.faces) <= HEAVY:
        trimesh.repair.fix_normals(clean, multibody=True)
    return clean


def _light(visual: Visual, faces: int) -> Visual:
    clean = cleaned(visual.mesh)
    if visual.uv is None or visual.texture is None:
        return replace(visual, mesh=shade(decimate(clean, faces)))
    return replace(visual, **_with_texture(visual.mesh, visual.uv, decimate(clean, faces)))


def _with_texture(source: trimesh.Trimesh, uv: Array, light: trimesh.Trimesh) -> dict[str, object]:
    """The light mesh with every corner reading the texture where the source's surface is nearest."""
    corners = np.asarray(light.triangles)
    middle = corners.mean(axis=1, keepdims=True)
    asked = corners + NUDGE * (middle - corners)
    own = _coordinates(source, uv, asked.reshape(-1, 3)).reshape(-1, 3, 2)
    centre = _coordinates(source, uv, middle.reshape(-1, 3))[:, None]
    straddling = np.linalg.norm(own - centre, axis=-1) > SEAM
    own = np.where(straddling[..., None], centre, own)
    # Corners that agree in place and texture stay one vertex, so that shading is smooth across them.
    keys = np.concatenate([np.asarray(light.faces).reshape(-1, 1), own.reshape(-1, 2).round(3)], axis=1)
    _, first, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    mesh = trimesh.Trimesh(corners.reshape(-1, 3)[first], back.reshape(-1, 3), process=False)
    mesh.vertex_normals = np.asarray(light.vertex_normals)[np.asarray(light.faces).reshape(-1)[first]]
    return {"mesh": mesh, "uv": own.reshape(-1, 2)[first]}


def _coordinates(source: trimesh.Trimesh, uv: Array, points: Array) -> Array:
    """Texture coordinates (n, 2) of the nearest points of the source's surface."""
    near, _, face = trimesh.proximity.closest_point(source, points)
    weights = trimesh.triangles.points_to_barycentric(np.asarray(source.triangles)[face], near)
    return np.einsum("nk,nkc->nc", np.nan_to_num(weights), uv[np.asarray(source.faces)[face]])
