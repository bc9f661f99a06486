"""The part of the table that the arm works on, and free places in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Unplaceable
from pipeline.core.poses import Array, pose, quat_from_yaw
from scene_gen.footprint import Rectangle, bottom, footprint, free

X_RANGE = (0.30, 0.65)  # m; nearer than 0.30 the elbow folds onto the hand
Y_RANGE = (-0.35, 0.35)  # m
REACH = 0.70  # m from the base: a top-down grasp at table height stays solvable for a Panda at every yaw
CLEARANCE = 0.04  # m between footprints: an open finger (2 cm thick) fits between with 1 cm on each side
DROP = 0.001  # m above the table at which free objects start; they settle on it
TRIES = 200


def reachable(x: float, y: float, reach: float = REACH) -> bool:
    """Whether the hand gets to a point of the table from above."""
    return X_RANGE[0] <= x <= X_RANGE[1] and Y_RANGE[0] <= y <= Y_RANGE[1] and bool(np.hypot(x, y) <= reach)


def on_table(asset: AssetSpec, xy: ArrayLike, yaw: float) -> Array:
    """``T_world_base`` (7,) of an asset that stands on the table; regions and fixtures exactly at its top."""
    x, y = np.asarray(xy, float)
    lift = 0.0 if asset.fixed else DROP
    return pose((x, y, lift - bottom(asset.links[""])), quat_from_yaw(yaw))


def sample_free(
    name: str,
    asset: AssetSpec,
    taken: Sequence[Rectangle],
    stream: np.random.Generator,
    *,
    clearance: float = CLEARANCE,
) -> Array:
    """A random reachable pose (7,) on the table that keeps its clearance; raises :class:`Unplaceable`."""
    for _ in range(TRIES):
        x, y = stream.uniform(*X_RANGE), stream.uniform(*Y_RANGE)
        at = on_table(asset, (x, y), float(stream.uniform(-np.pi, np.pi)))
        if reachable(x, y) and free(footprint(asset, tuple(at)), taken, clearance):
            return at
    raise Unplaceable(f"No free place on the table for {name!r}; use smaller objects or fewer of them.")
