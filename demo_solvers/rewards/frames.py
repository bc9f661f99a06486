"""Poses and rotations as torch tensors; the conventions and formulas of :mod:`pipeline.core.poses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def rotate(quat: Tensor, vector: Tensor) -> Tensor:
    """Vectors (..., 3) turned by unit quaternions (..., 4)."""
    import torch

    axis = quat[..., 1:]
    vector = vector.expand(axis.shape)
    twice = 2.0 * torch.linalg.cross(axis, vector)
    return torch.addcmul(vector + torch.linalg.cross(axis, twice), quat[..., :1], twice)


def conjugate(quat: Tensor) -> Tensor:
    """The inverse turn."""
    return quat * quat.new_tensor((1.0, -1.0, -1.0, -1.0))


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """The turn ``b`` followed by ``a``, (..., 4)."""
    import torch

    aw, av, bw, bv = a[..., :1], a[..., 1:], b[..., :1], b[..., 1:]
    vector = aw * bv + bw * av + torch.linalg.cross(av, bv)
    return torch.cat([aw * bw - (av * bv).sum(-1, keepdim=True), vector], dim=-1)


def compose(a: Tensor, b: Tensor) -> Tensor:
    """``T_a T_b`` of poses (..., 7)."""
    import torch

    b = b.expand(a.shape)
    return torch.cat([a[..., :3] + rotate(a[..., 3:], b[..., :3]), multiply(a[..., 3:], b[..., 3:])], dim=-1)


def transform(pose: Tensor, points: Tensor) -> Tensor:
    """Points (n, 3) or (batch, n, 3) of a frame (batch, 7), in the frame that the pose is given in: (batch, n, 3)."""
    shape = (len(pose), points.shape[-2], 4)
    return pose[:, None, :3] + rotate(pose[:, None, 3:].expand(shape), points)


def into(pose: Tensor, points: Tensor) -> Tensor:
    """Points (batch, n, 3) expressed in a frame (batch, 7)."""
    local = points - pose[:, None, :3]
    return rotate(conjugate(pose[:, 3:])[:, None].expand(*local.shape[:-1], 4), local)


def matrix(quat: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3), columns are the turned axes."""
    import torch

    return torch.stack([rotate(quat, quat.new_tensor(axis)) for axis in torch.eye(3).tolist()], dim=-1)
