"""Forward kinematics and the geometric Jacobian of a robot's arms, batched, in the robot's base frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.poses import Array, from_matrix, to_matrix
from pipeline.core.robot import ArmGroup, RobotSpec


class SerialChain:
    """One arm, by default a robot's first, as constant matrices, for callers that ask often.

    Product of exponentials along the chain.

    Source: Lynch and Park, "Modern Robotics" (2017), section 4. Leading axes of ``q`` are free everywhere.
    """

    def __init__(self, robot: RobotSpec | ArmGroup) -> None:
        axes = np.array([joint.axis for joint in robot.arm])
        self.origins = to_matrix([joint.origin for joint in robot.arm])
        """T_parent_joint (n, 4, 4) at zero position."""
        self.axes = axes
        """Unit rotation axes (n, 3) in the joints' frames."""
        self._skew = _skew(axes)
        self._skew_squared = self._skew @ self._skew
        self.flange = to_matrix(robot.flange)
        """T_lastlink_toollink (4, 4)."""
        self.to_tool = self.flange @ to_matrix(robot.tool)
        """T_lastlink_tool (4, 4)."""

    def frames(self, q: ArrayLike) -> Array:
        """T_base_link (..., n, 4, 4) of every arm link at joints ``q`` (..., >= n) rad; further columns are ignored."""
        angles = np.asarray(q, float)[..., : len(self.axes)]
        local = self.origins @ self._rotations(angles)
        frames = np.empty_like(local)
        frames[..., 0, :, :] = local[..., 0, :, :]
        for i in range(1, len(self.axes)):
            frames[..., i, :, :] = frames[..., i - 1, :, :] @ local[..., i, :, :]
        return frames

    def tool(self, frames: Array) -> Array:
        """T_base_tool (..., 4, 4) from the frames of the chain."""
        return frames[..., -1, :, :] @ self.to_tool

    def tool_link(self, frames: Array) -> Array:
        """T_base_toollink (..., 4, 4) from the frames of the chain."""
        return frames[..., -1, :, :] @ self.flange

    def jacobian(self, frames: Array) -> Array:
        """Geometric Jacobian (..., 6, n) at the tool point: linear [m/rad] above angular [rad/rad], base frame."""
        axis = (frames[..., :3, :3] @ self.axes[..., None])[..., 0]
        lever = self.tool(frames)[..., None, :3, 3] - frames[..., :3, 3]
        return np.swapaxes(np.concatenate([np.cross(axis, lever), axis], axis=-1), -1, -2)

    def _rotations(self, angles: Array) -> Array:
        """Homogeneous rotations (..., n, 4, 4) about the joint axes: Rodrigues' formula."""
        out = np.zeros((*angles.shape, 4, 4))
        angle = angles[..., None, None]
        out[..., :3, :3] = np.eye(3) + np.sin(angle) * self._skew + (1 - np.cos(angle)) * self._skew_squared
        out[..., 3, 3] = 1.0
        return out


def forward_kinematics(robot: RobotSpec | ArmGroup, q: ArrayLike) -> Array:
    """T_base_tool (batch, 7) at arm positions ``q`` (batch, >= arm joints) rad; a single (n,) gives a single (7,).

    A robot stands for its first arm; for another one pass its group and its columns of ``q``.
    """
    chain = SerialChain(robot)
    return from_matrix(chain.tool(chain.frames(q)))


def link_poses(robot: RobotSpec, q: ArrayLike) -> dict[str, Array]:
    """T_base_link (batch, 7) of the base, every arm link and the tool links, keyed by MJCF body.

    ``q`` (batch, >= joints of the first arm); arms whose columns it does not hold are left out.
    """
    q, column = np.asarray(q, float), 0
    named = {robot.base_link: np.broadcast_to(np.eye(4), (*q.shape[:-1], 4, 4))}
    for group in robot.arms:
        if q.shape[-1] < column + len(group.arm):
            break
        chain = SerialChain(group)
        frames = chain.frames(q[..., column:])
        named[group.tool_link] = chain.tool_link(frames)
        named |= {joint.link: frames[..., i, :, :] for i, joint in enumerate(group.arm)}
        column += group.dof
    return {name: from_matrix(m) for name, m in named.items()}


def jacobian(robot: RobotSpec, q: ArrayLike) -> Array:
    """Geometric Jacobian (batch, 6, n) at the tool point: linear [m/rad] above angular [rad/rad], base frame."""
    chain = SerialChain(robot)
    return chain.jacobian(chain.frames(q))


def _skew(axes: Array) -> Array:
    x, y, z = axes.T
    zero = np.zeros_like(x)
    return np.stack([np.stack([zero, -z, y], -1), np.stack([z, zero, -x], -1), np.stack([-y, x, zero], -1)], axis=-2)
