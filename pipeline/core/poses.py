"""Batched pose algebra: positions in metres, quaternions (w, x, y, z), poses as (..., 7) = position + quaternion.

Formulas: Diebel, "Representing Attitude" (2006). All functions broadcast over leading axes and keep float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
IDENTITY_QUAT = (1.0, 0.0, 0.0, 0.0)
IDENTITY_POSE = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


def _float(x: ArrayLike) -> Array:
    return np.asarray(x, dtype=np.float64)


def quat_multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Hamilton product ``a * b``; (..., 4) x (..., 4) -> (..., 4)."""
    aw, ax, ay, az = np.moveaxis(_float(a), -1, 0)
    bw, bx, by, bz = np.moveaxis(_float(b), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def quat_conjugate(q: ArrayLike) -> Array:
    """Inverse of a unit quaternion; (..., 4)."""
    return _float(q) * np.array([1.0, -1.0, -1.0, -1.0])


def quat_normalize(q: ArrayLike) -> Array:
    """Unit quaternion with non-negative real part; (..., 4)."""
    unit: Array = _float(q) / np.linalg.norm(_float(q), axis=-1, keepdims=True)
    return unit * np.where(unit[..., :1] < 0, -1.0, 1.0)


def quat_rotate(q: ArrayLike, v: ArrayLike) -> Array:
    """Rotate vectors ``v`` (..., 3) by ``q`` (..., 4)."""
    real, u, x = _float(q)[..., :1], _float(q)[..., 1:], _float(v)
    t = 2.0 * _cross(u, x)
    return x + real * t + _cross(u, t)


def _cross(a: Array, b: Array) -> Array:
    # numpy's cross costs several times more on small batches: it moves axes and checks shapes at every call.
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def quat_to_matrix(q: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(_float(q), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(r, axis=-1) for r in rows], axis=-2)


def matrix_to_quat(m: ArrayLike) -> Array:
    """Quaternions (..., 4) of rotation matrices (..., 3, 3), by the largest-component branch (Shepperd 1978)."""
    r = _float(m)
    d0, d1, d2 = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    four = np.stack([1 + d0 + d1 + d2, 1 + d0 - d1 - d2, 1 - d0 + d1 - d2, 1 - d0 - d1 + d2], axis=-1)
    a, b, c = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    e, f, g = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    candidates = np.stack(
        [
            np.stack([four[..., 0], a, b, c], -1),
            np.stack([a, four[..., 1], e, f], -1),
            np.stack([b, e, four[..., 2], g], -1),
            np.stack([c, f, g, four[..., 3]], -1),
        ],
        axis=-2,
    )
    best = np.argmax(four, axis=-1)[..., None, None]
    return quat_normalize(np.take_along_axis(candidates, best, axis=-2)[..., 0, :])


def quat_from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Array:
    """Quaternion of a rotation by ``angle`` (...,) rad about the unit ``axis`` (..., 3)."""
    half = _float(angle)[..., None] / 2
    cos, sin = np.broadcast_arrays(np.cos(half), np.sin(half) * _float(axis))
    return np.concatenate([cos[..., :1], sin], axis=-1)


def quat_from_rotvec(rotvec: ArrayLike) -> Array:
    """Quaternion of a rotation vector (..., 3) in rad."""
    vector = _float(rotvec)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    scale = np.where(angle > 1e-9, np.sin(angle / 2) / np.maximum(angle, 1e-9), 0.5)
    return np.concatenate([np.cos(angle / 2), scale * vector], axis=-1)


def quat_to_rotvec(q: ArrayLike) -> Array:
    """Rotation vector (..., 3) in rad, of length at most pi."""
    unit = quat_normalize(q)
    norm = np.linalg.norm(unit[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(norm, unit[..., :1])
    return np.where(norm > 1e-12, angle / np.maximum(norm, 1e-12), 2.0) * unit[..., 1:]


def quat_from_yaw(yaw: ArrayLike) -> Array:
    """Quaternion of a rotation by ``yaw`` (...,) rad about +z."""
    half = _float(yaw) / 2
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], axis=-1)


def yaw_of(q: ArrayLike) -> Array:
    """Heading (...,) rad of the body x axis projected on the ground."""
    w, x, y, z = np.moveaxis(_float(q), -1, 0)
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def pose(position: ArrayLike, quat: ArrayLike = IDENTITY_QUAT) -> Array:
    """Pose (..., 7) of a position (..., 3) and a quaternion (..., 4)."""
    p, q = _float(position), _float(quat)
    shape = np.broadcast_shapes(p.shape[:-1], q.shape[:-1])
    return np.concatenate([np.broadcast_to(p, (*shape, 3)), np.broadcast_to(q, (*shape, 4))], axis=-1)


def compose(a: ArrayLike, b: ArrayLike) -> Array:
    """``T_a_c = T_a_b * T_b_c`` on poses (..., 7)."""
    p, q = _float(a), _float(b)
    return pose(p[..., :3] + quat_rotate(p[..., 3:], q[..., :3]), quat_multiply(p[..., 3:], q[..., 3:]))


def inverse(a: ArrayLike) -> Array:
    """Inverse pose (..., 7)."""
    p = _float(a)
    q = quat_conjugate(p[..., 3:])
    return pose(-quat_rotate(q, p[..., :3]), q)


def transform_points(a: ArrayLike, points: ArrayLike) -> Array:
    """Points (..., n, 3) in the frame of ``a`` (..., 7), expressed in the parent frame."""
    p = _float(a)
    return p[..., None, :3] + quat_rotate(p[..., None, 3:], points)


def to_matrix(a: ArrayLike) -> Array:
    """Homogeneous matrices (..., 4, 4) of poses (..., 7)."""
    p = _float(a)
    out = np.zeros((*p.shape[:-1], 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = quat_to_matrix(p[..., 3:]), p[..., :3], 1.0
    return out


def from_matrix(m: ArrayLike) -> Array:
    """Poses (..., 7) of homogeneous matrices (..., 4, 4)."""
    h = _float(m)
    return pose(h[..., :3, 3], matrix_to_quat(h[..., :3, :3]))


def angle_between(a: ArrayLike, b: ArrayLike) -> Array:
    """Angle (...,) rad of the rotation from quaternion ``a`` to ``b``."""
    return np.linalg.norm(quat_to_rotvec(quat_multiply(quat_conjugate(a), b)), axis=-1)


def look_at(eye: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 0.0, 1.0)) -> Array:
    """Camera pose (7,) at ``eye`` in the OpenCV convention (x right, y down, z forward) looking at ``target``."""
    forward = _float(target) - _float(eye)
    forward = forward / np.linalg.norm(forward)
    right = _cross(forward, _float(up))
    right = right / np.linalg.norm(right)
    down = _cross(forward, right)
    return pose(eye, matrix_to_quat(np.stack([right, down, forward], axis=-1)))
