"""Batched inverse kinematics of a serial arm: damped least squares with a posture kept in the null space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo_solvers.planning._chain import chain_of
from demo_solvers.planning._ik_kernel import POSITION_TOLERANCE, ROTATION_TOLERANCE, follow_rows, solve_rows
from pipeline.core import poses
from pipeline.core.errors import UnknownNameError
from pipeline.core.kinematics import SerialChain
from pipeline.core.robot import ArmGroup, RobotSpec
from pipeline.core.streams import stream

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_JUMP = 0.6  # rad a joint between two waypoints of a path that is followed
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
    """Kinematics of one arm of a robot, by default the first, in the robot's base frame.

    An arm with fewer than six joints cannot give its tool any pose. It is searched all the same: poses on its manifold
    (for five joints: the upright grasps at any yaw, among others) are found, others are refused with what remained.
    """

    def __init__(self, robot: RobotSpec, group: ArmGroup | str = "") -> None:
        self.robot = robot
        self.group = _group(robot, group)
        self.chain = SerialChain(self.group)
        self.constants = chain_of(self.chain)
        """The chain for compiled kernels."""
        self.lower = np.array([j.lower for j in self.group.arm])
        self.upper = np.array([j.upper for j in self.group.arm])
        self.max_velocity = np.array([j.max_velocity for j in self.group.arm])
        self.max_acceleration = np.array([j.max_acceleration for j in self.group.arm])
        self.max_jerk = np.array([j.jerk_limit for j in self.group.arm])
        self.home = np.array(self.group.home)
        self._key = (robot.sha256, self.group.name)
        self._bearing = round(
            float(self._bearing_of(self.tool_pose(self.home))), 9
        )  # finer is the rounding of the card

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arm) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def columns(self) -> slice:
        """Columns of an action that hold this arm's joints; the one after them holds its gripper's width."""
        groups = self.robot.arms
        first = sum(g.dof for g in groups[: [g.name for g in groups].index(self.group.name)])
        return slice(first, first + len(self.group.arm))

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
        q = np.clip(np.array(seed, float), self.lower, self.upper)
        rest = np.ascontiguousarray(np.broadcast_to(q if posture is None else np.asarray(posture, float), q.shape))
        rest = rest.copy() if posture is None else rest
        error = np.empty((len(q), 6))
        solve_rows(self.constants, poses.to_matrix(target), q, rest, self.lower, self.upper, iterations, error)
        position, rotation = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
        return IkResult(q, (position < POSITION_TOLERANCE) & (rotation < ROTATION_TOLERANCE), position, rotation)

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
        turn = self._bearing_of(np.asarray(target, float)) - self._bearing
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        seed = np.repeat(self.home[None], len(turn), axis=0)
        seed[:, 0] = np.clip(self.home[0] + turn, self.lower[0], self.upper[0])
        return seed

    def follow(self, targets: ArrayLike, seed: ArrayLike, *, iterations: int = 12) -> tuple[Array, Bools]:
        """Joint path (batch, waypoints, n) along tool poses (batch, waypoints, 7), each warm-started by the one before.

        The mask (batch,) says whether every waypoint was reached without a jump of the arm.
        """
        start = np.ascontiguousarray(seed, float)
        goals = poses.to_matrix(targets)
        path = np.empty((*goals.shape[:2], start.shape[1]))
        ok = follow_rows(self.constants, goals, path, start, self.lower, self.upper, iterations, MAX_JUMP)
        return path, ok

    def _bearing_of(self, pose: Array) -> Array:
        """Angle (...,) rad of poses (..., 7) about the first joint's axis, at that joint's zero position."""
        local = poses.compose(poses.inverse(self.group.arm[0].origin), pose)[..., :3]
        axis = self.chain.axes[0]
        side = np.cross(axis, (1.0, 0.0, 0.0) if abs(axis[0]) < 0.9 else (0.0, 1.0, 0.0))
        return np.arctan2(local @ side, local @ np.cross(side, axis))


def _group(robot: RobotSpec, group: ArmGroup | str) -> ArmGroup:
    if isinstance(group, ArmGroup):
        return group
    named = {g.name: g for g in robot.arms}
    if group not in named:
        raise UnknownNameError(f"arm of {robot.name}", group, list(named))
    return named[group]


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
