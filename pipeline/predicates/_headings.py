"""Which way the long side of a body points on the table, whatever side it lies on."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import quat_to_matrix
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._shapes import Array, geometry

ELONGATED = 1.3  # long side over short side; below it only the edges' direction can be seen


def period(long: Bools) -> Array:
    """Turn (batch,) rad after which sides lie as before: half a one where they are clearly ``long``, else a quarter."""
    return np.where(long, np.pi, np.pi / 2)


def between(world: WorldState, a: str, b: str, *, across: float = 0.0) -> Array:
    """Least turn (batch,) rad about the vertical that lays the sides of ``a`` along ``b``'s, or ``across`` rad to them.

    Between minus and plus half the period of the two.
    """
    (first, long_a), (second, long_b) = heading(world, a), heading(world, b)
    whole = period(long_a & long_b)
    return (first - second + across + whole / 2) % whole - whole / 2


def heading(world: WorldState, body: str) -> tuple[Array, Bools]:
    """Heading (batch,) rad of the longer horizontal side of the bounds, and whether (batch,) it is clearly longer.

    World frame. Of the three axes of the bounds the most vertical one is left out; ends are not told apart.
    """
    axes = quat_to_matrix(world.body(body)[:, 3:].astype(float))  # (batch, 3, 3), columns are the body's axes
    half = np.broadcast_to(np.array(geometry(world, body).bounds.half), (len(world), 3)).copy()
    rows = np.arange(len(world))
    half[rows, np.abs(axes[:, 2]).argmax(axis=-1)] = -1.0
    order = np.argsort(half, axis=-1)
    longer, shorter = order[:, 2], order[:, 1]
    along = axes[rows, :2, longer]
    return np.arctan2(along[:, 1], along[:, 0]), half[rows, longer] >= ELONGATED * half[rows, shorter]
