"""The controller of stored end-effector deltas: from commanded tool motion back to joint targets, batched.

The rule, for whoever drives a robot by ``action_ee_delta``:

1. The commanded tool pose begins at the forward kinematics of the joints commanded at the reset
   (``scene.robot_start``). Each step moves it by its delta: the translation is added and the rotation vector is applied
   from the left, both in the robot's base frame. It is the command that is integrated, not what was measured, so that
   tracking errors do not add up.
2. The commanded joints follow the commanded pose: from the last command, a few iterations of damped least squares,
   within the joint limits; what freedom is left is drawn weakly towards the joints of the start.
3. The gripper's width is absolute and is passed on.

Of a robot with several arms, deltas move the first one; the others stay where they were commanded at the start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import SerialChain
from pipeline.core.poses import Array
from pipeline.core.robot import RobotSpec
from pipeline.core.world import Actions

ITERATIONS = 8
CLOSE_ENOUGH = 1e-5  # m and rad: far below what the servos resolve, so rounding is all that can add up
DAMPING = 0.01  # in the unit of the Jacobian's entries, m/rad
MAX_STEP = 0.2  # rad a joint and iteration: no leap through a singularity
POSTURE_GAIN = 0.02  # share of the way back to the start's joints, an iteration


def delta_to_joints(robot: RobotSpec, start: NDArray[np.floating], deltas: NDArray[np.floating]) -> Actions:
    """Joint targets (time, batch, dof) that carry out end-effector deltas.

    ``start`` (batch, dof) is what was commanded at the reset, arm [rad] and width [m]; ``deltas`` (time, batch, 7) hold
    translation [m] and rotation vector [rad] in the base frame and the absolute gripper width [m], as
    :func:`pipeline.validate.end_effector_deltas` makes them. Where a pose is out of reach the arm comes as near as it
    gets, and finds back when the command does. Raises :class:`InvalidInputError` on other shapes or on NaN.
    """
    first, steps = _checked(robot, start, deltas)
    width = robot.width_column
    solver = Follower(robot, first[:, :width])
    q, joints = first[:, :width], np.repeat(first[None].astype(np.float32), len(steps), axis=0)
    for t, goal in enumerate(commanded_poses(robot, first, steps)):
        q = solver.follow(poses.to_matrix(goal), q)
        joints[t, :, :width] = q
    joints[..., width] = np.clip(steps[..., -1], 0.0, robot.gripper.max_width)
    return joints


def commanded_poses(robot: RobotSpec, start: NDArray[np.floating], deltas: NDArray[np.floating]) -> Array:
    """T_base_tool (time, batch, 7) after each delta; arguments as in :func:`delta_to_joints`."""
    first, steps = _checked(robot, start, deltas)
    chain = SerialChain(robot)
    present = poses.from_matrix(chain.tool(chain.frames(first)))
    path = np.empty((*steps.shape[:2], 7))
    for t, step in enumerate(steps):
        turned = poses.quat_multiply(poses.quat_from_rotvec(step[:, 3:6]), present[:, 3:])
        path[t] = present = poses.pose(present[:, :3] + step[:, :3], poses.quat_normalize(turned))
    return path


class Follower:
    """Damped least squares (Buss, 2004) on the commanded joints, with the start posture in the null space."""

    def __init__(self, robot: RobotSpec, rest: Array) -> None:
        self._chain, self._rest = SerialChain(robot), rest
        self._lower = np.array([joint.lower for joint in robot.arm])
        self._upper = np.array([joint.upper for joint in robot.arm])

    def follow(self, goal: Array, q: Array) -> Array:
        """Joints (batch, n) that put the tool at ``goal`` (batch, 4, 4), from the last command ``q`` (batch, n)."""
        q = np.clip(q, self._lower, self._upper)
        for _ in range(ITERATIONS):
            frames = self._chain.frames(q)
            error = _error(goal, self._chain.tool(frames))
            off = np.linalg.norm(error, axis=1) > CLOSE_ENOUGH
            if not off.any():
                break
            # Rows that have arrived stay, so that a row's joints do not depend on the rest of the batch.
            q = np.where(off[:, None], self._step(q, self._chain.jacobian(frames), error), q)
        return q

    def _step(self, q: Array, jacobian: Array, error: Array) -> Array:
        pull = POSTURE_GAIN * (self._rest - q)
        step = _damped(jacobian, error, pull)
        # A joint that would leave its range is held, and the others make up for it.
        free = (q + step > self._lower) & (q + step < self._upper)
        if not free.all():
            step = _damped(jacobian * free[:, None], error, pull * free)
        scale = np.minimum(1.0, MAX_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-9))
        return np.clip(q + scale * step, self._lower, self._upper)


def _damped(jacobian: Array, error: Array, pull: Array) -> Array:
    """``J+ (error - J pull) + pull``: the pull acts only where it does not move the tool; (batch, n)."""
    transposed = np.swapaxes(jacobian, -1, -2)
    gram = jacobian @ transposed + DAMPING**2 * np.eye(6)
    residual = error[..., None] - jacobian @ pull[..., None]
    return (transposed @ np.linalg.solve(gram, residual))[..., 0] + pull


def _error(goal: Array, tool: Array) -> Array:
    """Motion (batch, 6) from ``tool`` to ``goal`` (batch, 4, 4): m above rad, base frame."""
    turn = poses.matrix_to_quat(goal[:, :3, :3] @ np.swapaxes(tool[:, :3, :3], -1, -2))
    return np.concatenate([goal[:, :3, 3] - tool[:, :3, 3], poses.quat_to_rotvec(turn)], axis=1)


def _checked(robot: RobotSpec, start: NDArray[np.floating], deltas: NDArray[np.floating]) -> tuple[Array, Array]:
    first, steps = np.asarray(start, float), np.asarray(deltas, float)
    if first.ndim != 2 or first.shape[1] != robot.dof:
        raise InvalidInputError(f"start must have shape (batch, {robot.dof}) for {robot.name!r}, got {first.shape}.")
    if steps.ndim != 3 or steps.shape[1:] != (len(first), 7):
        raise InvalidInputError(f"Deltas must have shape (time, {len(first)}, 7), got {steps.shape}.")
    if not (np.isfinite(first).all() and np.isfinite(steps).all()):
        raise InvalidInputError("start and deltas must be finite, got NaN or infinity.")
    return first, steps
