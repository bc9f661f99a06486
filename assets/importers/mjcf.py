"""MJCF text: small helpers that every writer of the library shares."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path


def numbers(values: Iterable[float]) -> str:
    """MJCF's spelling of a vector, nine significant digits, no negative zero."""
    return " ".join(f"{float(v) + 0.0:.9g}" if abs(v) > 1e-12 else "0" for v in values)


def new_model(name: str) -> tuple[ET.Element, ET.Element, ET.Element]:
    """A new ``<mujoco>`` tree in radians with file paths beside it: (root, asset, worldbody)."""
    root = ET.Element("mujoco", model=name)
    ET.SubElement(root, "compiler", angle="radian", autolimits="true")
    return root, ET.SubElement(root, "asset"), ET.SubElement(root, "worldbody")


def write_model(root: ET.Element, path: Path) -> None:
    """Write the tree, indented."""
    ET.indent(root)
    path.write_text(ET.tostring(root, encoding="unicode") + "\n")
