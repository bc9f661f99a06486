"""The MJCF of an asset in another size, weight or look: every number that changes, and its textures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assets.importers.mjcf import numbers, write_model
from assets.patterns import Pattern, image
from assets.png import write_png
from pipeline.core.geometry import Vec3

Array = NDArray[np.float64]


def rewrite_model(
    path: Path,
    *,
    scale: Vec3,
    mass: float,
    friction: float,
    joint_friction: float,
    tint: Vec3,
    texture: Pattern | None,
) -> None:
    """Rewrite the model at ``path``, and the texture files beside it, in place; factors as in ``variants.Change``."""
    root, factors = ET.fromstring(path.read_bytes()), np.array(scale)
    for element in root.iter():
        _scale_places(element, factors)
    for element in root.iter("inertial"):
        _weigh(element, factors, mass)
    for element in root.iter("joint"):
        _scale_joint(element, factors, joint_friction)
    for element in root.iter("geom"):
        _scale_friction(element, friction)
    _recolour(root, path.parent, tint, texture)
    write_model(root, path)


def _scale_places(element: ET.Element, factors: Array) -> None:
    if element.tag in ("body", "geom", "site", "inertial", "joint", "camera") and "pos" in element.attrib:
        element.set("pos", numbers(_values(element, "pos") * factors))
    if element.tag == "geom" and "size" in element.attrib:
        size = _values(element, "size")
        element.set("size", numbers(size * factors[: len(size)]))
    if element.tag == "mesh":
        own = _values(element, "scale") if "scale" in element.attrib else np.ones(3)
        if not np.allclose(factors, 1.0):
            element.set("scale", numbers(own * factors))


def _weigh(element: ET.Element, factors: Array, mass: float) -> None:
    """Mass goes with the volume; inertia with mass and the square of length (only fixed things are stretched)."""
    heavier = mass * float(np.prod(factors))
    element.set("mass", numbers(_values(element, "mass") * heavier))
    for name in ("fullinertia", "diaginertia"):
        if name in element.attrib:
            element.set(name, numbers(_values(element, name) * heavier * factors[0] ** 2))


def _scale_joint(element: ET.Element, factors: Array, joint_friction: float) -> None:
    if element.get("type") == "slide" and "range" in element.attrib:
        element.set("range", numbers(_values(element, "range") * factors[0]))
    for name in ("damping", "frictionloss"):
        if name in element.attrib:
            element.set(name, numbers(_values(element, name) * joint_friction))


def _scale_friction(element: ET.Element, friction: float) -> None:
    if "friction" in element.attrib:
        sliding, *rest = _values(element, "friction")
        element.set("friction", numbers([sliding * friction, *rest]))


def _recolour(root: ET.Element, folder: Path, tint: Vec3, texture: Pattern | None) -> None:
    """Tint plain materials by their colour and textured ones in the picture: engines differ in mixing the two."""
    for element in root.iter("texture"):
        file = folder / element.attrib["file"]
        if texture is not None:
            write_png(file, _tinted(image(texture), tint))
        elif tint != (1.0, 1.0, 1.0):
            with Image.open(file) as picture:
                pixels = np.asarray(picture.convert("RGB"), np.uint8)
            write_png(file, _tinted(pixels, tint))
    for element in root.iter("material"):
        if "texture" not in element.attrib and "rgba" in element.attrib:
            rgba = _values(element, "rgba")
            rgba[:3] = np.clip(rgba[:3] * tint, 0.0, 1.0)
            element.set("rgba", numbers(rgba))


def _tinted(pixels: NDArray[np.uint8], tint: Vec3) -> NDArray[np.uint8]:
    return np.clip(pixels * np.array(tint), 0, 255).round().astype(np.uint8)


def _values(element: ET.Element, name: str) -> Array:
    return np.array(element.attrib[name].split(), float)
