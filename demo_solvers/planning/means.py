"""What an arm with five joints can do: put its tool anywhere, but approach in a vertical plane through its shoulder.

Such an arm turns its plane about the vertical, moves within it by three parallel joints, and rolls its hand about an
axis that lies in it. A tool pose asks for six things of five joints; what is given up here is a turn, worked out in
closed form: the roll says how far the tool's centre lies beside the plane, and that says where the plane must stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Arm, Array, IkResult
from pipeline.core import poses

SIX = 6  # joints that reach any pose
BEND = 0.5  # rad by which an approach is turned into the plane; further off it is left to fail
STEEP = 0.02  # level share of an axis: less points straight down, which every plane holds
LEANING = 0.5  # level share of an axis from which it must point away from the shoulder, not back at it
TIPS = (0.3, 0.6, 0.9, -0.3)  # rad by which a hand is tipped outward where it cannot be raised as it is
CORRECTIONS = 3  # of the plane for the roll that it gives: the offset is small, so each gains two digits
SQUARE = 1e-4  # cosine between axes that count as square to one another
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class ShoulderPlane:
    """The plane of an arm, in its robot's base frame, and how its hand lies in it.

    ``shoulder`` (2,) m is where the vertical axis stands; ``roll`` (3,) and ``left`` (3,), unit vectors in the tool's
    frame, are the axis of the last joint and, at its zero position, the plane's normal; the tool's centre lies
    ``beside[0] + beside[1] cos(q) + beside[2] sin(q)`` m to the left of the plane at the last joint's angle q. ``turn``
    is 1 if the second joint's axis points to the left, else -1.
    """

    shoulder: Array
    roll: Array
    left: Array
    beside: Array
    turn: float

    def left_of(self, arm: Arm, q: Array) -> Array:
        """The plane's normal (k, 3), to the left, at joints (k, n)."""
        frames = arm.chain.frames(q)
        return self.turn * (frames[:, 1, :3, :3] @ arm.chain.axes[1])

    def offset(self, quat: Array, left: Array) -> Array:
        """How far (...,) m to the left of a plane with normal (..., 3) the tool's centre lies at attitudes (..., 4)."""
        local = poses.quat_rotate(poses.quat_conjugate(quat), left)
        sine, cosine = (local * np.cross(self.left, self.roll)).sum(-1), (local * self.left).sum(-1)
        roll = np.arctan2(sine, cosine)
        return self.beside[0] + self.beside[1] * np.cos(roll) + self.beside[2] * np.sin(roll)


@cache
def plane_of(arm: Arm) -> ShoulderPlane | None:
    """The plane of an arm with five joints; None for other arms, and for five joints that are arranged otherwise."""
    if len(arm.home) != SIX - 1:
        return None
    rolls = np.array([0.0, np.pi / 2, np.pi])
    q = np.tile(arm.home, (3, 1))
    q[:, -1] = rolls
    frames = arm.chain.frames(q)
    axes = (frames[0, :, :3, :3] @ arm.chain.axes[..., None])[..., 0]
    if abs(axes[0, 2]) < 1 - SQUARE or (np.abs(axes[1:4] @ axes[1]) < 1 - SQUARE).any():
        return None
    if abs(axes[1] @ UP) > SQUARE or abs(axes[1] @ axes[4]) > SQUARE:
        return None
    tool, shoulder = arm.chain.tool(frames), frames[0, 0, :2, 3]
    away = tool[0, :2, 3] - shoulder
    turn = float(np.sign(np.cross(UP, [*away, 0.0]) @ axes[1]))
    left = turn * axes[1]
    beside = (tool[:, :2, 3] - shoulder) @ left[:2]
    middle = (beside[0] + beside[2]) / 2
    into_tool = tool[0, :3, :3].T
    return ShoulderPlane(
        shoulder,
        into_tool @ axes[4],
        into_tool @ left,
        np.array([middle, beside[0] - middle, beside[1] - middle]),
        turn,
    )


def bent(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, ..., 7) in worlds ``rows`` (k,), their approach turned into the arm's plane where it is near."""
    plane = plane_of(ex.arm)
    if plane is None:
        return tool
    base = ex.to_base(tool, rows)
    away = base[..., :2] - plane.shoulder
    quat, bearing = base[..., 3:], np.arctan2(away[..., 1], away[..., 0])
    for _ in range(CORRECTIONS):
        left = _left(bearing)
        quat = _into(base[..., 3:], plane.roll, left)
        bearing = _bearing(away, plane.offset(quat, left))
    quat = np.where(_angle(quat, base[..., 3:])[..., None] <= BEND, quat, base[..., 3:])
    return _to_world(ex, poses.pose(base[..., :3], quat), rows)


def faced(ex: Execution, tool: Array, centre: Array, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, n, 7) turned about the vertical through ``centre`` (k, n, 3) until they lie in the arm's plane.

    What the hand holds turns with it, so that it stands as it should, if in another heading.
    """
    plane = plane_of(ex.arm)
    if plane is None:
        return tool
    identity = np.broadcast_to(poses.IDENTITY_POSE[3:], (*centre.shape[:-1], 4))
    base, middle = ex.to_base(tool, rows), ex.to_base(poses.pose(centre, identity), rows)[..., :3]
    axis = poses.quat_rotate(base[..., 3:], plane.roll * np.sign(plane.roll[2]))  # the way that the tool points
    level = np.linalg.norm(axis[..., :2], axis=-1)
    along = np.arctan2(axis[..., 1], axis[..., 0])
    away, held = middle[..., :2] - plane.shoulder, base[..., :2] - middle[..., :2]
    turns = []
    for bearing in (along, along + np.pi):
        left = _left(bearing)
        # The hand's own offset turns along with the plane; only the centre stays where it is.
        offset = plane.offset(base[..., 3:], left) - (held * left[..., :2]).sum(-1)
        turns.append(_wrapped(_bearing(away, offset) - bearing))
    backwards = (level < LEANING) & (np.abs(turns[1]) < np.abs(turns[0]))
    turn = np.where(level < STEEP, 0.0, np.where(backwards, turns[1], turns[0]))
    quat = poses.quat_from_yaw(turn)
    about = poses.pose(middle - poses.quat_rotate(quat, middle), quat)
    turned = _to_world(ex, poses.compose(about, base), rows)
    return np.where((level < STEEP)[..., None], bent(ex, turned, rows), turned)


def tipped(ex: Execution, tool: Array, centre: Array, rows: NDArray[np.intp], *, angle: float, lift: float) -> Array:
    """Tool poses (k, n, 7) tipped by ``angle`` rad in the arm's plane about ``centre`` (k, n, 3), ``lift`` m higher."""
    plane = plane_of(ex.arm)
    if plane is None:
        return tool
    identity = np.broadcast_to(poses.IDENTITY_POSE[3:], (*centre.shape[:-1], 4))
    base, middle = ex.to_base(tool, rows), ex.to_base(poses.pose(centre, identity), rows)[..., :3]
    axis = poses.quat_rotate(base[..., 3:], plane.roll * np.sign(plane.roll[2])) * np.array([1.0, 1.0, 0.0])
    away = (base[..., :3] - np.append(plane.shoulder, 0.0)) * np.array([1.0, 1.0, 0.0])
    steep = np.linalg.norm(axis, axis=-1, keepdims=True) < STEEP
    along = np.where(steep, away, axis * np.sign((axis * away).sum(-1, keepdims=True)))
    left = np.cross(UP, along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9))
    quat = poses.quat_from_rotvec(-angle * left)
    about = poses.pose(middle - poses.quat_rotate(quat, middle) + lift * UP, quat)
    turned = _to_world(ex, poses.compose(about, base), rows)
    return np.where(steep, bent(ex, turned, rows), turned)


def over(ex: Execution, tool: Array, shift: Array, rows: NDArray[np.intp], low: Array) -> tuple[Array, IkResult]:
    """Tool poses (k, 7) that lie ``shift`` (k, 3) m off ``tool`` (k, 7), reached by joints ``low`` (k, n); the joints.

    An arm with five joints that cannot keep its hand's attitude so far up tips it within its plane.
    """
    high = poses.pose(tool[..., :3] + shift, tool[..., 3:])
    found = ex.arm.ik(ex.to_base(high, rows), low, posture=low, iterations=20)
    plane = plane_of(ex.arm)
    for angle in TIPS if plane is not None else ():
        stuck = np.flatnonzero(~found.ok)
        if plane is None or not len(stuck):
            break
        base = ex.to_base(high[stuck], rows[stuck])
        left = plane.left_of(ex.arm, low[stuck])
        tipped = poses.pose(base[:, :3], poses.quat_multiply(poses.quat_from_rotvec(-angle * left), base[:, 3:]))
        again = ex.arm.ik(tipped, low[stuck], posture=low[stuck], iterations=40)
        won = stuck[again.ok]
        high[won] = _to_world(ex, tipped, rows[stuck])[again.ok]
        for name in ("q", "ok", "position_error", "rotation_error"):
            getattr(found, name)[won] = getattr(again, name)[again.ok]
    return high, found


def _left(bearing: Array) -> Array:
    return np.stack([-np.sin(bearing), np.cos(bearing), np.zeros(bearing.shape)], axis=-1)


def _bearing(away: Array, offset: Array) -> Array:
    """Bearing (...,) rad of a plane such that points (..., 2) m off the shoulder lie ``offset`` m to its left."""
    distance = np.maximum(np.linalg.norm(away, axis=-1), 1e-9)
    return np.arctan2(away[..., 1], away[..., 0]) - np.arcsin(np.clip(offset / distance, -1.0, 1.0))


def _into(quat: Array, roll: Array, left: Array) -> Array:
    """Attitudes (..., 4) turned by as little as it takes to bring their ``roll`` axis square to ``left`` (..., 3)."""
    axis = poses.quat_rotate(quat, roll)
    wanted = axis - (axis * left).sum(-1, keepdims=True) * left
    wanted = wanted / np.maximum(np.linalg.norm(wanted, axis=-1, keepdims=True), 1e-9)
    about = np.cross(axis, wanted)
    sine = np.linalg.norm(about, axis=-1, keepdims=True)
    angle = np.arcsin(np.clip(sine, 0.0, 1.0))
    return poses.quat_multiply(poses.quat_from_rotvec(about * angle / np.maximum(sine, 1e-9)), quat)


def _angle(a: Array, b: Array) -> Array:
    return 2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0.0, 1.0))


def _wrapped(angle: Array) -> Array:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _to_world(ex: Execution, pose: Array, rows: NDArray[np.intp]) -> Array:
    base = ex.state().body("robot").astype(float)[rows]
    return poses.compose(base.reshape(len(rows), *[1] * (pose.ndim - 2), 7), pose)
