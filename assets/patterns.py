"""Patterns: procedural surfaces in a colour of choice, the same bytes for the same words."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assets.generators._wood import grain
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.streams import stream

Kind = Literal["wood", "stone", "fabric", "plain"]
KINDS: tuple[Kind, ...] = ("wood", "stone", "fabric", "plain")
SIZE = 128  # pixels


class Pattern(Frozen):
    """What a surface is made of; ``seed`` picks one of endless many pieces of the material."""

    kind: Kind
    color: Vec3 = Field(description="mean colour, linear in [0, 1]")
    seed: int = 0


def image(pattern: Pattern) -> NDArray[np.uint8]:
    """The pattern as a picture (SIZE, SIZE, 3)."""
    if pattern.kind == "wood":
        return grain(f"pattern {pattern.seed}", pattern.color, size=SIZE, contrast=0.16)
    shade = {"stone": _stone, "fabric": _fabric, "plain": _plain}[pattern.kind](pattern.seed)
    return np.clip(shade[..., None] * np.array(pattern.color) * 255, 0, 255).round().astype(np.uint8)


def _stone(seed: int) -> NDArray[np.float64]:
    """Soft clouds and hard speckles."""
    rng = stream(seed, "assets", "patterns", "stone")
    clouds = sum(np.kron(rng.normal(0, 1, (SIZE // k, SIZE // k)), np.ones((k, k))) / k**0.1 for k in (2, 4, 16))
    speckle = rng.normal(0, 1, (SIZE, SIZE))
    return 1.0 + 0.03 * clouds + 0.15 * (speckle > 2.3) - 0.15 * (speckle < -2.3)


def _fabric(seed: int) -> NDArray[np.float64]:
    """A plain weave with uneven threads."""
    rng = stream(seed, "assets", "patterns", "fabric")
    across, down = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    over = ((across // 2 + down // 2) % 2) * 2.0 - 1.0
    threads = rng.normal(0, 0.03, (SIZE, 1)) + rng.normal(0, 0.03, (1, SIZE))
    return 1.0 + 0.06 * over + threads


def _plain(seed: int) -> NDArray[np.float64]:
    """Paint: next to nothing to see."""
    return 1.0 + stream(seed, "assets", "patterns", "plain").normal(0, 0.008, (SIZE, SIZE))
