"""Procedural wood: grain images and bevelled boxes with texture coordinates."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray

from pipeline.core.geometry import Vec3
from pipeline.core.streams import stream

Array = NDArray[np.float64]
Color = tuple[float, float, float]


def grain(name: str, color: Color, *, size: int = 128, contrast: float = 0.14, rings: float = 9.0) -> NDArray[np.uint8]:
    """A wood grain image (size, size, 3): wavy lines along u in shades of ``color``; seeded by ``name``."""
    rng = stream(0, "assets", "wood", name)
    u, v = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    bend = sum(
        a * np.sin(2 * np.pi * (k * u + p))
        for k, a, p in zip((1, 2, 3), rng.uniform(0.003, 0.012, 3), rng.random(3), strict=True)
    )
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * rings * (v + bend) + 2 * np.sin(2 * np.pi * 2 * v))
    fibre = rng.normal(0, 0.25, (size, 1)) + rng.normal(0, 0.1, (size, size))
    shade = 1 - contrast * (0.7 * lines + 0.3 * fibre)
    return np.clip(shade[..., None] * np.array(color) * 255, 0, 255).round().astype(np.uint8)


def bevelled_box(
    half: Vec3, *, bevel: float = 0.002, centre: Vec3 = (0.0, 0.0, 0.0), tile: float = 0.3
) -> tuple[trimesh.Trimesh, Array]:
    """A box with chamfered edges and box-projected texture coordinates, one image every ``tile`` metres."""
    size = np.array(half)
    cut = min(bevel, float(size.min()) / 2)
    signs = np.array(list(np.ndindex(2, 2, 2)), float) * 2 - 1
    corners = np.concatenate([s * (size - cut * (1 - np.eye(3)[a]))[None] for s in signs for a in range(3)])
    mesh = trimesh.convex.convex_hull(corners)
    # Flat shading and box projection need each triangle to own its vertices.
    flat = trimesh.Trimesh(mesh.triangles.reshape(-1, 3), np.arange(len(mesh.faces) * 3).reshape(-1, 3), process=False)
    uv = box_uv(flat, tile)
    flat.apply_translation(centre)
    return flat, uv


def box_uv(mesh: trimesh.Trimesh, tile: float) -> Array:
    """Texture coordinates (n, 2): each face projected along its main axis; u runs along the longest side."""
    facing = np.abs(np.repeat(mesh.face_normals, 3, axis=0)).argmax(axis=1)
    longest = np.argsort(-np.ptp(mesh.vertices, axis=0), kind="stable")
    points = np.asarray(mesh.vertices)
    axes = np.array([[a for a in longest if a != facing_axis] for facing_axis in range(3)])[facing]
    rows = np.arange(len(points))
    return np.stack([points[rows, axes[:, 0]], points[rows, axes[:, 1]]], axis=1) / tile + 0.5
