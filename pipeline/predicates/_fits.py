"""How far something is in its socket, from the fitting points of both cards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.poses import quat_rotate, transform_points
from pipeline.core.world import WorldState
from pipeline.predicates._shapes import Array, geometry

AXIS, TIP, SEAT = "insert", "tip", "seat"


@dataclass(frozen=True, eq=False)
class Fit:
    """``short`` (batch,) m of the way in, negative when deeper; ``aside`` (batch,) m; ``tilt`` (batch,) rad."""

    short: Array
    aside: Array
    tilt: Array


def fit(world: WorldState, a: str, b: str) -> Fit | None:
    """Where ``a``'s tip is from ``b``'s seat, along and across the way in; None when a card has no fitting points."""
    plug, socket = geometry(world, a), geometry(world, b)
    if AXIS not in plug.axes or AXIS not in socket.axes or TIP not in plug.keypoints or SEAT not in socket.keypoints:
        return None
    mine, theirs = world.body(a).astype(float), world.body(b).astype(float)
    own = quat_rotate(mine[:, 3:], np.array(plug.axes[AXIS]))
    into = quat_rotate(theirs[:, 3:], np.array(socket.axes[AXIS]))
    tip = transform_points(mine, np.array([plug.keypoints[TIP]]))[:, 0]
    seat = transform_points(theirs, np.array([socket.keypoints[SEAT]]))[:, 0]
    short = ((seat - tip) * into).sum(axis=-1)
    aside = np.linalg.norm(seat - tip - short[:, None] * into, axis=-1)
    return Fit(short, aside, np.arccos(np.clip((own * into).sum(axis=-1), -1.0, 1.0)))
