"""Convex pieces of an imported mesh: by CoACD (cached), by V-HACD (quick, optional), or one hull."""

from __future__ import annotations

import importlib.util
from typing import Literal

import numpy as np
import trimesh

from assets.importers.convex import decompose
from assets.importers.meshes import convex_hull, decimate
from pipeline.core.errors import InvalidInputError

Method = Literal["coacd", "vhacd", "hull"]
NEARLY_CONVEX = 1.05  # a hull this much larger than its mesh is as good as any decomposition
FOOT = 0.0025  # m; corners this near to the table are pressed onto it, or a decomposed foot would wobble
COARSE = 2500  # faces; decomposing more takes minutes and changes nothing


def convex_pieces(mesh: trimesh.Trimesh, method: Method, *, footed: bool = True) -> list[trimesh.Trimesh]:
    """Convex pieces that cover ``mesh`` [m]; raises InvalidInputError when vhacd is asked for and not installed."""
    found = [convex_hull(mesh.vertices)] if method == "hull" or _is_convex(mesh) else _METHODS[method](mesh)
    pieces = [p for p in found if p.volume > 1e-11]
    return [pressed(p) for p in pieces] if footed else pieces


def _is_convex(mesh: trimesh.Trimesh) -> bool:
    return bool(mesh.is_watertight and mesh.convex_hull.volume < NEARLY_CONVEX * mesh.volume)


def _by_coacd(mesh: trimesh.Trimesh) -> list[trimesh.Trimesh]:
    return decompose(mesh, faces=COARSE)


def _by_vhacd(mesh: trimesh.Trimesh) -> list[trimesh.Trimesh]:
    if importlib.util.find_spec("vhacdx") is None:
        raise InvalidInputError(
            "--decompose vhacd needs the package vhacdx. Install it: pip install -e '.[import]', or use coacd or hull."
        )
    parts = trimesh.decomposition.convex_decomposition(decimate(mesh, COARSE), maxConvexHulls=16)
    return [convex_hull(np.asarray(part["vertices"], float), vertices=48) for part in parts]


def pressed(piece: trimesh.Trimesh) -> trimesh.Trimesh:
    """The convex piece with corners just above the table (z = 0) pressed onto it.

    Comes after any decimation: engines that find the contacts of whole faces find one corner of an uneven foot at a
    time, and the object jitters. A piece that would be pressed flat stays as it is.
    """
    points = np.array(piece.vertices, float)
    points[points[:, 2] < FOOT, 2] = 0.0
    return trimesh.convex.convex_hull(points) if points[:, 2].max() > 0.0 else piece


_METHODS = {"coacd": _by_coacd, "vhacd": _by_vhacd}
