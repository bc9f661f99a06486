"""Shorthand for generators: boxes between corners and joined, textured box meshes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.generators._wood import bevelled_box
from assets.importers.meshes import joined
from assets.package import Visual
from pipeline.core.geometry import Box, Vec3


def box(centre: Vec3, half: Vec3) -> Box:
    """An axis-aligned box [m]."""
    return Box(pose=(*centre, 1.0, 0.0, 0.0, 0.0), half=half)


def between(low: Vec3, high: Vec3) -> Box:
    """The axis-aligned box between two corners [m]."""
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    hx, hy, hz = ((b - a) / 2 for a, b in zip(low, high, strict=True))
    return box((x, y, z), (hx, hy, hz))


def boxes_visual(
    boxes: Sequence[Box],
    *,
    texture: NDArray[np.uint8] | None = None,
    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
    bevel: float = 0.0015,
    tile: float = 0.35,
    specular: float = 0.15,
) -> Visual:
    """One visual of several bevelled boxes that share a material."""
    parts = [bevelled_box(b.half, bevel=bevel, centre=b.pose[:3], tile=tile) for b in boxes]
    mesh = joined([m for m, _ in parts])
    uv = np.concatenate([uv for _, uv in parts])
    return Visual(mesh, uv if texture is not None else None, texture, color, specular)
