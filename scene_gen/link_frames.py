"""Where an articulated asset's links sit in its base frame, read from its MJCF model."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import FileStore
from pipeline.core.errors import AssetError
from pipeline.core.poses import IDENTITY_POSE, Array, compose, pose


def link_frames(asset: AssetSpec, files: FileStore) -> dict[str, Array]:
    """``T_base_link`` (7,) by link at joint position 0; raises :class:`AssetError` when the model lacks a link."""
    if not asset.joints:
        return {}
    root = ET.fromstring(files.read(asset, asset.model))
    base = root.find("worldbody/body")
    frames = dict(_below(base, np.array(IDENTITY_POSE))) if base is not None else {}
    missing = sorted({j.link for j in asset.joints} - set(frames))
    if missing:
        raise AssetError(f"Asset {asset.name!r}: {asset.model!r} has no body named {missing}; its card does.")
    return frames


def _below(body: ET.Element, frame: Array) -> Iterator[tuple[str, Array]]:
    for child in body.findall("body"):
        here = compose(frame, pose(_numbers(child, "pos", "0 0 0"), _numbers(child, "quat", "1 0 0 0")))
        yield child.get("name", ""), here
        yield from _below(child, here)


def _numbers(element: ET.Element, name: str, default: str) -> Array:
    return np.array([float(v) for v in element.get(name, default).split()])
