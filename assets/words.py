"""One English sentence about an asset: what it is, its colour, material and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assets.materials import material
from assets.package import Body, Visual
from pipeline.core.geometry import BodyGeometry

COLORS = {
    "black": (0.07, 0.07, 0.07),
    "grey": (0.45, 0.45, 0.45),
    "light grey": (0.70, 0.70, 0.70),
    "white": (0.95, 0.95, 0.93),
    "red": (0.72, 0.14, 0.12),
    "pink": (0.92, 0.62, 0.66),
    "orange": (0.90, 0.50, 0.15),
    "brown": (0.45, 0.28, 0.16),
    "tan": (0.66, 0.50, 0.33),
    "beige": (0.84, 0.73, 0.57),
    "yellow": (0.92, 0.82, 0.25),
    "green": (0.22, 0.52, 0.24),
    "blue": (0.20, 0.36, 0.68),
    "light blue": (0.55, 0.74, 0.88),
    "purple": (0.45, 0.25, 0.55),
}


def sentence(noun: str, bodies: Mapping[str, Body], geometry: Mapping[str, BodyGeometry], *, made_of: str = "") -> str:
    """For example: 'A red mug made of ceramic, 11 x 7 x 9 cm (length x width x height).'"""
    color = color_word([v for b in bodies.values() for v in b.visuals])
    named = any(word in noun.split() for name in COLORS for word in name.split())
    thing = noun if named or not color else f"{color} {noun}"
    plural = noun.endswith("s") and not noun.endswith("ss")
    article = "" if plural else "An " if thing[0] in "aeiou" else "A "
    size = " x ".join(_centimetres(2 * h) for h in geometry[""].bounds.half)
    stuff = f" made of {material(made_of).word}" if made_of else ""
    text = f"{article}{thing}{stuff}, {size} cm (length x width x height)."
    return text[0].upper() + text[1:]


def color_word(visuals: Sequence[Visual]) -> str:
    """The nearest named colour to the mean over the visible surface; "" when nothing is visible."""
    areas = np.array([float(v.mesh.area) for v in visuals])
    if not areas.sum():
        return ""
    means = np.array([_mean(v) for v in visuals])
    mean = (areas[:, None] * means).sum(axis=0) / areas.sum()
    return min(COLORS, key=lambda name: float(np.linalg.norm(mean - COLORS[name])))


def _mean(visual: Visual) -> np.ndarray:
    if visual.texture is None:
        return np.array(visual.color[:3])
    image, uv = visual.texture, visual.uv
    if uv is None:
        return image.reshape(-1, 3).mean(axis=0) / 255
    rows = ((1 - uv[:, 1] % 1) * (image.shape[0] - 1)).astype(int)
    return image[rows, ((uv[:, 0] % 1) * (image.shape[1] - 1)).astype(int)].mean(axis=0) / 255


def _centimetres(size: float) -> str:
    return f"{100 * size:.0f}" if size >= 0.0095 else f"{100 * size:.1f}"
