"""Batched inverse kinematics of a serial arm: damped least squares with a posture kept in the null space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import SerialChain
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

POSITION_TOLERANCE = 1e-3  # m
ROTATION_TOLERANCE = 1e-2  # rad
DAMPING = 0.02
MAX_STEP = 0.4  # rad a joint and iteration
POSTURE_GAIN = 0.05
FEWEST_JOINTS = 6
"""An arm with fewer cannot give its tool any position and orientation, which grasps ask for."""
# Offsets to home [rad] that put a stuck search into another basin: wrist turned, elbow out to either side.
RESTARTS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.6],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.6],
        [0.5, 0.3, -0.6, -0.3, 0.5, 0.2, 0.8],
        [-0.5, 0.3, 0.6, -0.3, -0.5, 0.2, -0.8],
    ]
)


@dataclass(frozen=True, eq=False)
class IkResult:
    """Joint solutions ``q`` (batch, n) rad, whether each reached its target, and what error remained (batch,)."""

    q: Array
    ok: Bools
    position_error: Array  # m
    rotation_error: Array  # rad


class Arm:
    """Kinematics of one robot's arm in its base frame."""

    def __init__(self, robot: RobotSpec) -> None:
        if len(robot.arm) < FEWEST_JOINTS:
            raise InvalidInputError(
                f"Robot {robot.name!r} has {len(robot.arm)} joints; the planner needs at least {FEWEST_JOINTS} to "
                "put the tool into any pose. It can be simulated and replayed; to solve tasks, use a robot with more."
            )
        self.robot = robot
        self.chain = SerialChain(robot)
        self.lower = np.array([j.lower for j in robot.arm])
        self.upper = np.array([j.upper for j in robot.arm])
        self.max_velocity = np.array([j.max_velocity for j in robot.arm])
        self.max_acceleration = np.array([j.max_acceleration for j in robot.arm])
        self.home = np.array(robot.home)

    def tool_pose(self, q: ArrayLike) -> Array:
        """T_base_tool (..., 7) at joints (..., n)."""
        return poses.from_matrix(self.chain.tool(self.chain.frames(q)))

    def ik(
        self, target: ArrayLike, seed: ArrayLike, *, posture: ArrayLike | None = None, iterations: int = 40
    ) -> IkResult:
        """Joints that put the tool at ``target`` (batch, 7), searched from ``seed`` (batch, n).

        Damped least squares (Buss, 2004) with steps clamped and joint limits enforced by projection; the null space is
        drawn towards ``posture`` (n,) or (batch, n), by default the seed.
        """
        goal = poses.to_matrix(target)
        q = np.clip(np.array(seed, float), self.lower, self.upper)
        rest = np.broadcast_to(q if posture is None else np.asarray(posture, float), q.shape).copy()
        error = self._error(goal, frames := self.chain.frames(q))
        active = np.arange(len(q))
        for _ in range(iterations):
            active = active[~_within(error[active])]
            if not len(active):
                break
            q[active] = self._step(q[active], frames[active], error[active], rest[active])
            frames[active] = self.chain.frames(q[active])
            error[active] = self._error(goal[active], frames[active])
        return IkResult(q, _within(error), np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1))

    def ik_restarted(self, target: ArrayLike, *, iterations: int = 40) -> IkResult:
        """As :meth:`ik` from home turned towards the target; rows that get stuck start again from other attitudes."""
        target = np.asarray(target, float)
        seed = self.turned_home(target)
        best = self.ik(target, seed, posture=self.home, iterations=iterations)
        for offset in attitudes(RESTARTS, joints=len(self.home)):
            stuck = np.flatnonzero(~best.ok)
            if not len(stuck):
                break
            again = self.ik(target[stuck], seed[stuck] + offset, posture=self.home, iterations=iterations)
            for name in ("q", "ok", "position_error", "rotation_error"):
                getattr(best, name)[stuck] = getattr(again, name)
        return best

    def turned_home(self, target: ArrayLike) -> Array:
        """Home joints (batch, n), turned at the first joint towards targets (batch, 7): a good place to start from."""
        seed = np.repeat(self.home[None], len(np.asarray(target)), axis=0)
        seed[:, 0] = np.clip(
            np.arctan2(*np.moveaxis(np.asarray(target, float)[:, 1::-1], -1, 0)), self.lower[0], self.upper[0]
        )
        return seed

    def follow(self, targets: ArrayLike, seed: ArrayLike, *, iterations: int = 12) -> tuple[Array, Bools]:
        """Joint path (batch, waypoints, n) along tool poses (batch, waypoints, 7), each warm-started by the one before.

        The mask (batch,) says whether every waypoint was reached without a jump of the arm.
        """
        targets = np.asarray(targets, float)
        q, ok, path = np.asarray(seed, float), np.ones(len(targets), bool), list[Array]()
        for i in range(targets.shape[1]):
            result = self.ik(targets[:, i], q, iterations=iterations)
            ok &= result.ok & (np.abs(result.q - q).max(axis=1) < 0.6)
            q = result.q
            path.append(q)
        return np.stack(path, axis=1), ok

    def _step(self, q: Array, frames: Array, error: Array, rest: Array) -> Array:
        jacobian = self.chain.jacobian(frames)
        transposed = np.swapaxes(jacobian, -1, -2)
        gram = jacobian @ transposed + DAMPING**2 * np.eye(6)
        pull = POSTURE_GAIN * (rest - q)
        # One solve serves both: J+ (e - J pull) + pull keeps the posture term out of the task space.
        residual = error - (jacobian @ pull[..., None])[..., 0]
        step = (transposed @ np.linalg.solve(gram, residual[..., None]))[..., 0] + pull
        scale = np.minimum(1.0, MAX_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-9))
        return np.clip(q + scale * step, self.lower, self.upper)

    def _error(self, goal: Array, frames: Array) -> Array:
        tool = self.chain.tool(frames)
        turn = goal[..., :3, :3] @ np.swapaxes(tool[..., :3, :3], -1, -2)
        return np.concatenate([goal[..., :3, 3] - tool[..., :3, 3], _rotation_vector(turn)], axis=-1)


def attitudes(table: Array, *, joints: int) -> Array:
    """Offsets to home (k, joints) rad: ``table`` itself for the seven joints it was written for, else as many others.

    The last joint is turned by itself first, to both sides; what follows spreads over all joints but the first (the
    search turns that one towards its target) and is the same in every process.
    """
    if joints == table.shape[1]:
        return table
    spread = stream(0, "attitudes", joints).uniform(-1.6, 1.6, (len(table), joints))
    spread[:, 0] = 0.0
    spread[:2] = 0.0
    spread[:2, -1] = (1.6, -1.6)
    return spread


def _within(error: Array) -> Bools:
    position, rotation = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
    return (position < POSITION_TOLERANCE) & (rotation < ROTATION_TOLERANCE)


def _rotation_vector(m: Array) -> Array:
    """Rotation vector (..., 3) of rotation matrices; near pi the axis of the quaternion route is used."""
    axis = np.stack([m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], -1) / 2
    sin, cos = np.linalg.norm(axis, axis=-1), (np.trace(m, axis1=-2, axis2=-1) - 1) / 2
    angle = np.arctan2(sin, cos)
    vector = axis * np.where(sin > 1e-9, angle / np.maximum(sin, 1e-9), 1.0)[..., None]
    near_pi = angle > 3.0
    if near_pi.any():
        vector[near_pi] = poses.quat_to_rotvec(poses.matrix_to_quat(m[near_pi]))
    return vector
