"""Looks of appliances: brushed metal, keyboards, screens and displays as images, decals and round shapes."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.generators._wood import Color, bevelled_box
from assets.importers.meshes import joined, shade
from assets.package import Visual
from pipeline.core.geometry import Box, Vec3
from pipeline.core.streams import stream

Image = NDArray[np.uint8]
SEGMENTS = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc"}
STROKES = {  # (row, column, height, width) of a seven-segment digit of 15 x 9 pixels
    "a": (0, 1, 2, 7), "g": (7, 1, 2, 7), "d": (13, 1, 2, 7),
    "f": (1, 0, 6, 2), "b": (1, 7, 6, 2), "e": (8, 0, 6, 2), "c": (8, 7, 6, 2),
}  # fmt: skip


def brushed(name: str, color: Color, *, size: int = 128, contrast: float = 0.035) -> Image:
    """Brushed metal (size, size, 3): fine streaks along u; seeded by ``name``."""
    rng = stream(0, "assets", "brushed", name)
    streaks = rng.normal(0, contrast, (size, 1)) + rng.normal(0, contrast / 3, (size, size // 8)).repeat(8, axis=1)
    return _image((1 + streaks)[..., None] * np.array(color))


def keyboard(color: Color, *, height: int = 160, width: int = 256) -> Image:
    """The upper side of a laptop's base: five rows of keys, a space bar and a touch pad."""
    picture = np.broadcast_to(np.array(color), (height, width, 3)).copy()
    top, key = int(0.10 * height), int(0.095 * height)
    for row in range(5):
        y = top + row * (key + 2)
        for x in range(14, width - 22, 16):
            picture[y : y + key, x + 2 * (row % 2) : x + 2 * (row % 2) + 13] = (0.07, 0.07, 0.08)
    y = top + 5 * (key + 2)
    picture[y : y + key, int(0.3 * width) : int(0.68 * width)] = (0.07, 0.07, 0.08)
    low = y + key + 8
    picture[low : height - 6, int(0.36 * width) : int(0.64 * width)] *= 0.82
    return _image(picture)


def desktop(color: Color, *, height: int = 160, width: int = 256) -> Image:
    """A lit screen: a wallpaper in shades of ``color``, a window with lines of text, a task bar and a dark frame."""
    u, v = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    picture = (0.55 + 0.45 * (1 - v) * (0.6 + 0.4 * np.sin(5 * u + 3 * v)))[..., None] * np.array(color)
    picture[30:118, 36:170] = 0.93
    picture[30:40, 36:170] = (0.30, 0.33, 0.38)
    rng = stream(0, "assets", "desktop")
    for y in range(48, 110, 8):
        picture[y : y + 3, 44 : 44 + int(rng.integers(50, 118))] = (0.45, 0.47, 0.50)
    picture[-20:-8] = (0.12, 0.13, 0.16)
    picture[:7], picture[-8:], picture[:, :7], picture[:, -7:] = (0.03,) * 4
    return _image(picture)


def clock(text: str = "12:30", *, height: int = 32, width: int = 96) -> Image:
    """A dark display with green seven-segment digits; ``text`` holds the digits 0 to 7 and one colon."""
    small = np.full((21, 63, 3), (0.02, 0.03, 0.03))
    x = 3
    for letter in text:
        if letter == ":":
            small[7:9, x + 1 : x + 3] = small[12:14, x + 1 : x + 3] = (0.35, 0.95, 0.55)
        for row, column, high, wide in (STROKES[s] for s in SEGMENTS.get(letter, "")):
            small[3 + row : 3 + row + high, x + column : x + column + wide] = (0.35, 0.95, 0.55)
        x += 6 if letter == ":" else 13
    rows, columns = np.arange(height) * 21 // height, np.arange(width) * 63 // width
    return _image(small[rows][:, columns])


def decal(box: Box, image: Image, *, right: Vec3, up: Vec3, specular: float = 0.4) -> Visual:
    """A thin box that shows ``image`` once on the side that looks at the viewer, whose right and up are given."""
    mesh, _ = bevelled_box(box.half, bevel=0.0001, centre=box.pose[:3])
    uv = np.stack([_share(np.asarray(mesh.vertices) @ np.array(d)) for d in (right, up)], axis=1)
    return Visual(mesh, uv, image, specular=specular)


def cylinder(
    centre: Vec3, radius: float, length: float, *, axis: Vec3 = (0.0, 0.0, 1.0), sections: int = 24
) -> trimesh.Trimesh:
    """A convex cylinder about ``axis``; as a collision piece as well as to be seen."""
    along = np.array(axis) / np.linalg.norm(axis)
    first = np.cross(along, (0.0, 1.0, 0.0) if abs(along[1]) < 0.9 else (1.0, 0.0, 0.0))
    first /= np.linalg.norm(first)
    turn = np.stack([first, np.cross(along, first), along])
    return trimesh.convex.convex_hull(_ring(radius, length, sections) @ turn + np.array(centre))


def plain(*meshes: trimesh.Trimesh, color: Color, specular: float = 0.3) -> Visual:
    """Round shapes in one colour, creased at sharp edges."""
    return Visual(joined([shade(m) for m in meshes]), color=(*color, 1.0), specular=specular)


def _ring(radius: float, length: float, sections: int) -> NDArray[np.float64]:
    angle = np.arange(sections) * 2 * np.pi / sections
    circle = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.concatenate([np.column_stack([circle, np.full(sections, z)]) for z in (-length / 2, length / 2)])


def _share(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.min()) / np.ptp(values)


def _image(picture: NDArray[np.float64]) -> Image:
    return np.clip(picture * 255, 0, 255).round().astype(np.uint8)
