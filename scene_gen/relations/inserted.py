"""``(inserted a b)``: the tip at the seat, along the way in, and turned so that the edges agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.geometry import BodyGeometry
from pipeline.core.goal import Atom
from pipeline.core.poses import matrix_to_quat, quat_from_axis_angle, quat_multiply, quat_rotate, transform_points
from scene_gen.arrangement import Arrangement, Array
from scene_gen.choice import Choice

CLEAR = 0.0005  # m short of the seat: what is laid out touches nothing
CORNERS = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
AXIS, TIP, SEAT, EDGE = "insert", "tip", "seat", "edge"


def inserted(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """All the way in ``b``; of the two ways round that the edges leave, the one that faces the robot.

    Raises :class:`Unplaceable` when a card has no fitting points, or the hand does not get to where ``a`` comes out.
    """
    plug, socket = choice.asset.links[""], arrangement.geometry(atom.args[1])
    if not ({AXIS} <= plug.axes.keys() & socket.axes.keys() and TIP in plug.keypoints and SEAT in socket.keypoints):
        raise Unplaceable(f"{atom}: the cards of {atom.args[0]!r} and {atom.args[1]!r} do not say how one goes in.")
    at = arrangement.body_pose(atom.args[1])
    into = quat_rotate(at[3:], np.array(socket.axes[AXIS]))
    quat = _turn(plug, socket, at, into, stream)
    seat = transform_points(at, np.array([socket.keypoints[SEAT]]))[0] - CLEAR * into
    origin = seat - quat_rotate(quat, np.array(plug.keypoints[TIP]))
    centre = origin + quat_rotate(quat, np.array(plug.bounds.pose[:3]))
    out = centre - _depth(socket, at, seat, into) * into
    if not arrangement.workspace.near(out[0], out[1]) or out[0] < arrangement.workspace.x_range[0]:
        raise Unplaceable(f"{atom}: there is no reach to where {atom.args[0]!r} comes out.")
    w, x, y, z = quat.tolist()
    return replace(
        choice, turn=(w, x, y, z), yaw=0.0, rest=0.0, lift=0.0, height=float(origin[2]), xy=(centre[0], centre[1])
    )


def _depth(socket: BodyGeometry, at: Array, seat: Array, into: Array) -> float:
    """How deep [m] the seat (3,) lies behind the farthest corner of the socket's bounds, against the way in."""
    corners = np.array(socket.bounds.pose[:3]) + CORNERS * np.array(socket.bounds.half)
    return float(((seat - transform_points(at, corners)) @ into).max())


def _turn(plug: BodyGeometry, socket: BodyGeometry, at: Array, into: Array, stream: np.random.Generator) -> Array:
    """Orientation (4,) with the plug's axis along ``into`` (3,) and its edge along the socket's."""
    own = np.array(plug.axes[AXIS])
    if EDGE not in plug.axes or EDGE not in socket.axes:
        spin = quat_from_axis_angle(own, float(stream.uniform(-np.pi, np.pi)))
        return quat_multiply(_between(own, into), spin)
    edge = quat_rotate(at[3:], np.array(socket.axes[EDGE]))
    mine = np.stack([own, np.array(plug.axes[EDGE]), np.cross(own, plug.axes[EDGE])], axis=-1)
    ways = [
        matrix_to_quat(np.stack([into, sign * edge, np.cross(into, sign * edge)], axis=-1) @ mine.T)
        for sign in (1.0, -1.0)
    ]
    # What was up on the table looks at the robot, which takes it from that side.
    look = np.array([-at[0], -at[1], 1.0])
    return max(ways, key=lambda q: float(quat_rotate(q, np.array([0.0, 0.0, 1.0])) @ look))


def _between(a: Array, b: Array) -> Array:
    """The shortest rotation (4,) that takes the unit vector ``a`` to ``b``."""
    axis, cos = np.cross(a, b), float(np.clip(a @ b, -1.0, 1.0))
    if np.linalg.norm(axis) < 1e-9:
        other = np.eye(3)[int(np.argmin(np.abs(a)))]
        axis, cos = np.cross(a, other), np.sign(cos)
    return quat_from_axis_angle(axis / np.linalg.norm(axis), float(np.arccos(cos)))
