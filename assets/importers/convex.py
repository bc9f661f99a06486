"""Convex decomposition with CoACD, light pieces, cached by content: it costs seconds to minutes a mesh."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.importers.meshes import convex_hull, decimate

Array = NDArray[np.float64]
VERSION = b"1"


def decompose(
    mesh: trimesh.Trimesh, *, threshold: float = 0.08, pieces: int = 16, vertices: int = 48, faces: int = 2500
) -> list[trimesh.Trimesh]:
    """At most about ``pieces`` convex pieces of at most ``vertices`` corners each.

    ``threshold`` is CoACD's concavity (0.01 fine to 1 coarse); the mesh is decimated to ``faces`` first. The result is
    kept in the user's cache folder, keyed by the mesh and the settings.
    """
    settings = f"{threshold},{pieces},{vertices},{faces}".encode()
    points = np.ascontiguousarray(mesh.vertices, np.float64).round(6)
    key = hashlib.sha256(VERSION + settings + points.tobytes() + np.asarray(mesh.faces, np.int64).tobytes()).hexdigest()
    cached = _cache_folder() / f"{key}.npz"
    if not cached.exists():
        found = _run(decimate(mesh, faces), threshold, pieces)
        cached.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(cached, *found)
    with np.load(cached) as stored:
        return [convex_hull(stored[name], vertices=vertices) for name in stored.files]


def _run(mesh: trimesh.Trimesh, threshold: float, pieces: int) -> list[Array]:
    import coacd  # heavy, and only needed to rebuild the library

    coacd.set_log_level("error")
    parts = coacd.run_coacd(
        coacd.Mesh(np.asarray(mesh.vertices), np.asarray(mesh.faces)),
        threshold=threshold,
        max_convex_hull=pieces,
        preprocess_resolution=40,
        mcts_nodes=12,
        mcts_iterations=80,
        mcts_max_depth=3,
        resolution=1500,
        seed=0,
    )
    return [np.asarray(vertices) for vertices, _ in parts]


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "taskloom" / "convex"
