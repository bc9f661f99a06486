"""Where a held body has to be for it to go into, or over, another one: poses along the way in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import BodyGeometry
from pipeline.core.world import WorldState

AXIS, TIP, SEAT, EDGE = "insert", "tip", "seat", "edge"
SQUARE = 0.95  # narrower over wider side of a cross-section from which on quarter turns look the same
SPINS = 8  # about the way in, of what is round
CORNERS = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1


@dataclass(frozen=True, eq=False)
class Way:
    """The way in: direction (batch, 3), the length (batch,) m of it from the mouth to the seat, poses when seated.

    ``seated`` (batch, options, 7) are the ways round that fit, as poses of the body in the world.
    """

    into: Array
    length: Array
    seated: Array

    def before(self, option: NDArray[np.intp], distance: Array) -> Array:
        """The pose (batch, 7) of the chosen options (batch,), ``distance`` (batch,) m before the seat."""
        at = self.seated[np.arange(len(option)), option]
        return poses.pose(at[:, :3] - distance[:, None] * self.into, at[:, 3:])


def way_in(world: WorldState, body: str, socket: str) -> Way:
    """How ``body`` gets into ``socket``; raises :class:`InvalidInputError` when a card has no fitting points."""
    plug, hole = world.layout.geometry[body], world.layout.geometry[socket]
    for name, geometry, point in ((body, plug, TIP), (socket, hole, SEAT)):
        if AXIS not in geometry.axes or point not in geometry.keypoints:
            raise InvalidInputError(f"{name!r} has no axis {AXIS!r} with a keypoint {point!r}; nothing goes in there.")
    at = world.body(socket).astype(float)
    into = poses.quat_rotate(at[:, 3:], np.array(hole.axes[AXIS]))
    seat = poses.transform_points(at, np.array([hole.keypoints[SEAT]]))[:, 0]
    corners = poses.transform_points(at, np.array(hole.bounds.pose[:3]) + CORNERS * np.array(hole.bounds.half))
    length = ((seat[:, None] - corners) * into[:, None]).sum(axis=-1).max(axis=1)
    turns = [poses.quat_multiply(at[:, 3:], turn) for turn in _turns(plug, hole)]
    tip = np.array(plug.keypoints[TIP])
    seated = np.stack([poses.pose(seat - poses.quat_rotate(turn, tip), turn) for turn in turns], axis=1)
    return Way(into, length, seated)


def _turns(plug: BodyGeometry, hole: BodyGeometry) -> list[Array]:
    """Orientations (4,) of the plug in the socket's frame: axes agree, and edges where both have them."""
    theirs = _frame(np.array(hole.axes[AXIS]), hole.axes.get(EDGE))
    mine = _frame(np.array(plug.axes[AXIS]), plug.axes.get(EDGE))
    edged = EDGE in plug.axes and EDGE in hole.axes
    count = (4 if _is_square(plug) else 2) if edged else SPINS
    spins = [_about_x(2 * np.pi * i / count) for i in range(count)]
    return [poses.matrix_to_quat(theirs @ spin @ mine.T) for spin in spins]


def _frame(axis: Array, edge: tuple[float, float, float] | None) -> Array:
    """Right-handed columns (3, 3): the axis, the edge (or any direction across the axis), and what is left."""
    across = np.eye(3)[int(np.argmin(np.abs(axis)))] if edge is None else np.array(edge)
    across = across - (across @ axis) * axis
    across /= np.linalg.norm(across)
    return np.stack([axis, across, np.cross(axis, across)], axis=-1)


def _about_x(angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])


def _is_square(plug: BodyGeometry) -> bool:
    half = np.array(plug.bounds.half)[np.abs(np.array(plug.axes[AXIS])) < 0.5]
    return bool(half.min() >= SQUARE * half.max())
