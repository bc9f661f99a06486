"""Variants: an asset in another size, weight or look, as an asset of its own that is found by its content.

Nothing downstream knows of variants: an engine loads them, a dataset carries their files, like any other asset.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

from pydantic import Field

from assets.cards import checksums
from assets.patterns import Pattern
from assets.variant_card import varied_card
from assets.variant_model import rewrite_model
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.errors import OutputError
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.robot import RobotSpec

VERSION = "1"  # of the rewriting; part of the key


class Change(Frozen):
    """What a variant differs in; the defaults change nothing."""

    scale: Vec3 = (1.0, 1.0, 1.0)
    mass: float = Field(default=1.0, gt=0, description="factor beyond what the scale gives at equal density")
    friction: float = Field(default=1.0, gt=0, description="factor")
    joint_friction: float = Field(default=1.0, gt=0, description="factor of dry friction and damping")
    tint: Vec3 = Field(default=(1.0, 1.0, 1.0), description="factors of red, green and blue")
    texture: Pattern | None = Field(default=None, description="instead of every texture of the asset")


class Adopting(Catalog, Protocol):
    """A catalogue that also serves variants."""

    def adopt(self, spec: AssetSpec | RobotSpec, folder: Path) -> None:
        """Serve ``spec`` from ``folder``."""
        ...


def uniform(factor: float) -> Vec3:
    """The same scale along all sides."""
    return (factor, factor, factor)


def variant(asset: AssetSpec, change: Change, catalog: Adopting, *, root: Path | None = None) -> AssetSpec:
    """``asset`` changed, its files below ``root`` (default: the user's cache), adopted by ``catalog``.

    The same asset and change give the same bytes on every machine. Raises :class:`AssetError` for a moving asset that
    is to be stretched, and :class:`OutputError` when the files cannot be written.
    """
    if change == Change():
        return asset
    folder = (root or variant_cache()) / _key(asset, change)
    if not folder.is_dir():
        _write(asset, change, catalog.folder(asset), folder)
    card = varied_card(asset, scale=change.scale, mass=change.mass, joint_friction=change.joint_friction)
    friction = round(asset.friction * change.friction, 6)
    made = card.model_copy(update={"friction": friction, "files": checksums(folder)})
    catalog.adopt(made, folder)
    return made


def variant_cache() -> Path:
    """Where variants are kept between runs: ``TASKLOOM_CACHE``, else the user's cache folder."""
    if named := os.environ.get("TASKLOOM_CACHE"):
        return Path(named).expanduser() / "variants"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "taskloom" / "variants"


def _key(asset: AssetSpec, change: Change) -> str:
    text = f"{VERSION} {asset.sha256} {change.model_dump_json()}"
    return f"{asset.name}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _write(asset: AssetSpec, change: Change, source: Path, folder: Path) -> None:
    """Write the variant beside its place and rename it there; whoever comes second keeps the first one's."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".variant-"))
        try:
            for path in asset.files:
                target = temporary / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / path, target)
            rewrite_model(
                temporary / asset.model,
                scale=change.scale,
                mass=change.mass,
                friction=change.friction,
                joint_friction=change.joint_friction,
                tint=change.tint,
                texture=change.texture,
            )
            if not folder.is_dir():
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if folder.is_dir():
            return
        raise OutputError(
            f"Cannot write a variant of {asset.name!r} to {str(folder)!r}: {error.strerror or error}. Free space, or "
            "name another cache folder with TASKLOOM_CACHE."
        ) from error
