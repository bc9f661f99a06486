"""Painted regions: what the coloured zones share."""

from __future__ import annotations

import numpy as np
import trimesh

from assets.draft import Draft
from assets.generators._shapes import between
from assets.package import Body, Visual
from pipeline.core.geometry import BodyGeometry

SIDE, CORNER, THICK, HEIGHT = 0.16, 0.02, 0.001, 0.15  # m


def zone(name: str, noun: str, color: tuple[float, float, float]) -> Draft:
    """A rounded square of 16 cm that nothing collides with; what stands on it is inside its cavity."""
    h = SIDE / 2
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False) + np.pi / 32
    arcs = CORNER * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outline = np.concatenate([arcs + (h - CORNER) * np.array(s) for s in ((1, 1), (-1, 1), (-1, -1), (1, -1))])
    mesh = trimesh.convex.convex_hull(np.concatenate([np.column_stack([outline, np.full(128, z)]) for z in (0, THICK)]))
    flat = trimesh.Trimesh(mesh.triangles.reshape(-1, 3), np.arange(len(mesh.faces) * 3).reshape(-1, 3), process=False)
    return Draft(
        name=name,
        category="zone",
        noun=noun,
        bodies={"": Body([Visual(flat, color=(*color, 1.0), specular=0.05)], [], 0.0)},
        geometry={
            "": BodyGeometry(
                bounds=between((-h, -h, 0.0), (h, h, THICK)),
                cavity=between((-h, -h, 0.0), (h, h, HEIGHT)),
            )
        },
        affordances=("region",),
        fixed=True,
    )
