"""Furniture: what a support puts into a room, and what it may look at to decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.poses import Array
from scene_gen.footprint import Rectangle


@dataclass(frozen=True)
class Room:
    """What is known before furnishing: the library, the robot's size in Pandas, whether the back is needed."""

    catalog: Catalog
    size: float
    back_taken: bool
    stream: np.random.Generator


@dataclass(frozen=True)
class Furniture:
    """A fixed thing of the room: its object name, its pose, and what it keeps free on the table, if anything."""

    name: str
    asset: AssetSpec
    pose: Array  # T_world_base (7,)
    zone: Rectangle | None = None


Support = Callable[[Room], Sequence[Furniture]]
"""Furnishes a room; the first piece is what the robot stands on and is always called ``table``."""
