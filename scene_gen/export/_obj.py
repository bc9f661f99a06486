"""Wavefront OBJ text of a mesh, in full single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.physical_model import Mesh


def write_obj(path: Path, mesh: Mesh) -> None:
    """Write vertices, normals, texture coordinates (origin at the bottom left, as OBJ has it) and triangles."""
    textured = len(mesh.texcoord_faces) > 0
    lines = _rows("v", mesh.vertices) + _rows("vn", mesh.normals)
    columns = [mesh.faces, mesh.normal_faces]
    if textured:
        lines += _rows("vt", np.stack([mesh.texcoords[:, 0], 1.0 - mesh.texcoords[:, 1]], axis=1))
        columns.insert(1, mesh.texcoord_faces)
    corners = np.stack(columns, axis=-1) + 1  # (m, 3, 2 or 3), counted from one
    corner = "%d/%d/%d" if textured else "%d//%d"
    lines += [f"f {corner} {corner} {corner}" % tuple(face) for face in corners.reshape(len(corners), -1).tolist()]
    path.write_text("\n".join(lines) + "\n")


def _rows(tag: str, values: NDArray[np.floating]) -> list[str]:
    form = " ".join([tag] + ["%.9g"] * values.shape[1])
    return [form % tuple(row) for row in values.astype(np.float32).tolist()]
