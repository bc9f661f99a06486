"""Read the meshes of a USD stage as one rigid object, in the stage's units and up axis; needs the extra ``usd``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.importers.intake import EXPORT_AGAIN, check_count, refuse
from assets.importers.links import Link, LinkModel
from assets.importers.mesh_file import GREY, check_meshes
from assets.package import Visual

Array = NDArray[np.float64]


def read_usd(path: Path) -> LinkModel:
    """Every visible mesh, box, sphere and cylinder; raises InvalidInputError without usd-core or without a mesh."""
    try:
        usd = importlib.import_module("pxr.Usd")
    except ImportError as error:
        raise refuse(path, "reading USD needs the package usd-core.", "Install it: pip install -e '.[usd]'.") from error
    try:
        stage = usd.Stage.Open(str(path))
    except Exception as error:  # Tf.ErrorException, which cannot be named before the package is there
        raise refuse(path, f"it cannot be parsed ({str(error).splitlines()[0]}).", EXPORT_AGAIN) from error
    geom = importlib.import_module("pxr.UsdGeom")
    notes = list[str]()
    visuals = [v for prim in stage.Traverse() if (v := _visual(path, geom, prim)) is not None]
    if any("Joint" in str(prim.GetTypeName()) for prim in stage.Traverse()):
        notes.append("Joints of the stage are ignored; articulated assets come from URDF or MJCF.")
    check_meshes(path, visuals)
    up = "y" if geom.GetStageUpAxis(stage) == geom.Tokens.y else "z"
    return LinkModel(
        {"": Link(tuple(visuals))}, up=up, metres=float(geom.GetStageMetersPerUnit(stage)), notes=tuple(notes)
    )


def _visual(path: Path, geom: Any, prim: Any) -> Visual | None:
    mesh = _mesh(path, geom, prim)
    if mesh is None or geom.Imageable(prim).ComputePurpose() == geom.Tokens.guide:
        return None
    matrix = np.array(geom.Xformable(prim).ComputeLocalToWorldTransform(0), float).T  # rows are columns there
    mesh.apply_transform(matrix)
    return Visual(mesh, color=_color(geom, prim))


def _mesh(path: Path, geom: Any, prim: Any) -> trimesh.Trimesh | None:
    if prim.IsA(geom.Mesh):
        shape = geom.Mesh(prim)
        points = np.array(shape.GetPointsAttr().Get() or (), float).reshape(-1, 3)
        counts = np.array(shape.GetFaceVertexCountsAttr().Get() or (), int)
        indices = np.array(shape.GetFaceVertexIndicesAttr().Get() or (), int)
        check_count(path, int(np.maximum(counts - 2, 0).sum()))
        if counts.sum() != len(indices) or (len(indices) and indices.max() >= len(points)):
            raise refuse(path, f"mesh {prim.GetPath()} refers to vertices that are not there.", EXPORT_AGAIN)
        return trimesh.Trimesh(points, _triangles(counts, indices), process=False)
    if prim.IsA(geom.Cube):
        return trimesh.creation.box([float(geom.Cube(prim).GetSizeAttr().Get())] * 3)
    if prim.IsA(geom.Sphere):
        return trimesh.creation.icosphere(3, float(geom.Sphere(prim).GetRadiusAttr().Get()))
    if prim.IsA(geom.Cylinder):
        shape = geom.Cylinder(prim)
        made = trimesh.creation.cylinder(float(shape.GetRadiusAttr().Get()), float(shape.GetHeightAttr().Get()))
        turn = {"X": [0, 1, 0], "Y": [1, 0, 0]}.get(str(shape.GetAxisAttr().Get()))
        if turn is not None:
            made.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, turn))
        return made
    return None


def _triangles(counts: NDArray[np.int_], indices: NDArray[np.int_]) -> NDArray[np.int_]:
    """Polygons as fans of triangles."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    fans = [
        (indices[start], indices[start + k], indices[start + k + 1])
        for start, count in zip(starts, counts, strict=True)
        for k in range(1, count - 1)
    ]
    return np.array(fans, int).reshape(-1, 3)


def _color(geom: Any, prim: Any) -> tuple[float, float, float, float]:
    colors = geom.Gprim(prim).GetDisplayColorAttr().Get()
    if not colors:
        return GREY
    r, g, b = (float(v) for v in np.array(colors, float).mean(axis=0))
    return (r, g, b, 1.0)
