"""Steering: a policy's actions, small motions of the tool, become joint targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demo_solvers.learning.heading import headings, turned
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.skills._servo import RISE, TOP
from pipeline.conduct import touch_limits
from pipeline.core import poses
from pipeline.core.kinematics import SerialChain
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, SceneLayout
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions, Bools, WorldState
from pipeline.delta_control import Follower

Array = NDArray[np.float64]
SPEED = 0.95  # of what a joint may do at most
GRIP = 0.02  # m by which fingers that grip are commanded tighter than they began
AXES = {"x": 0, "y": 1, "z": 2, "roll": 3, "pitch": 4, "yaw": 5}


@dataclass(frozen=True, eq=False)
class Felt:
    """What steering minds of a state, (batch,) each."""

    press: F32
    """How hard the robot touches, as a share of what is gentle."""
    pushes: Bools
    """Whether a finger touches what the stage works on."""
    fits: Bools
    """Whether what is held may be let go."""

    @staticmethod
    def nothing(batch: int) -> Felt:
        """Of a hand that touches nothing."""
        return Felt(np.zeros(batch, np.float32), np.zeros(batch, bool), np.zeros(batch, bool))

    @staticmethod
    def of(stage: LearnedStage, state: WorldState) -> Felt:
        """Of a state in which ``stage`` is at work."""
        pushes = state.touching(stage.body, LEFT_FINGER) | state.touching(stage.body, RIGHT_FINGER)
        fits = fitting(stage, state) if stage.fingers == "releasing" else np.zeros(len(state), bool)
        return Felt(pressing(state), pushes, fits)


class Steering:
    """Commanded tools of a batch of worlds; actions in [-1, 1] move them, along the heading that a stage began with.

    It is the command that is integrated, not what was measured, so that the sag of servos is not fed back; but the
    command is held within the stage's leash of the tool, so that it does not run away from an arm that is stopped.
    """

    def __init__(self, stage: LearnedStage, scenes: Sequence[SceneSpec]) -> None:
        robot, rate = scenes[0].robot, scenes[0].physics.control_hz
        self.stage, self.robot = stage, robot
        self._base = np.array([s.robot_pose for s in scenes], float)
        self._axes = [AXES[freedom] for freedom in stage.freedoms]
        self._lifts = any(
            axis in (2, 3, 4) for axis in self._axes
        )  # height or tilt, which moves the fingertips' height
        self._most = np.array([stage.speed if axis < 3 else stage.turning for axis in self._axes]) / rate
        self._chain = SerialChain(robot)
        self._fastest = SPEED * np.array([joint.max_velocity for joint in robot.arm]) / rate  # rad a control step
        self.command = np.zeros((len(scenes), robot.dof))  # joint targets [rad] and widths [m]
        self.tool = np.zeros((len(scenes), 7))  # T_base_tool, commanded
        self._rest = np.zeros((len(scenes), robot.width_column))
        self._grip = np.zeros(len(scenes))
        self._leash = np.full((len(scenes), 1), stage.leash)
        self._bounds_of_body = SceneLayout.of(scenes[0]).geometry[stage.body].bounds
        self._highest = np.zeros(len(scenes))  # m, base frame
        self._pushes = np.zeros(len(scenes), bool)
        self._opened = np.zeros(len(scenes), bool)
        self.heading = np.zeros(len(scenes))
        """(batch,) rad about the vertical, in the world: where ahead is."""
        self.reset(range(len(scenes)), scenes)

    def reset(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> None:
        """Begin anew in some rows, from the starts of ``scenes``."""
        if not len(rows):
            return
        index, width = np.array(rows), self.robot.width_column
        start = np.array([s.robot_start for s in scenes], float)
        self.command[index], self._rest[index] = start, start[:, :width]
        self._opened[index] = False
        self._grip[index] = np.maximum(start[:, width] - GRIP, 0.0)
        self.heading[index] = headings(self.stage, scenes)
        self.tool[index] = poses.from_matrix(self._chain.tool(self._chain.frames(start)))
        tops = np.array([self._top(scene) for scene in scenes]) - self._base[index, 2]
        self._highest[index] = np.maximum(tops, self.tool[index, 2])

    def follow(self, actions: NDArray[np.floating], tool: F32, felt: Felt | None = None) -> Actions:
        """Joint targets (repeat, batch, dof) of one action each; ``tool`` (batch, 7) is T_world_tool, measured.

        The harder the robot touches, the less the command may be ahead, so that a hand that presses gives way. A hand
        that pushes and whose height is not the policy's rises as it goes.
        """
        values = np.clip(np.asarray(actions, float), -1, 1)
        here = poses.compose(poses.inverse(self._base), np.asarray(tool, float))
        felt = felt or Felt.nothing(len(values))
        self._leash = self.stage.leash * (1 - np.clip(felt.press, 0, 1))[:, None]
        self._pushes, self._opened = felt.pushes, self._opened | felt.fits
        follower = Follower(self.robot, self._rest)
        targets = np.empty((self.stage.repeat, *self.command.shape), np.float32)
        for step in targets:
            self._move(values[:, : len(self._axes)], here)
            joints = follower.follow(poses.to_matrix(self.tool), self.command[:, : self.robot.width_column])
            self._command(joints)
            self.command[:, self.robot.width_column] = self._width()
            step[:] = self.command
        return targets

    def told(self, tool: F32) -> F32:
        """What the policy sees besides (batch, columns), with the tool at ``tool`` (batch, 7): nothing."""
        return np.zeros((len(tool), 0), np.float32)

    def _move(self, values: Array, here: Array) -> None:
        twist = self._twist(values)
        ahead = self.tool[:, :3] + twist[:, :3] - here[:, :3]
        ahead[:, 2] *= self._lifts
        far = np.linalg.norm(ahead, axis=1, keepdims=True)
        place = here[:, :3] + ahead * np.minimum(1, self._leash / np.maximum(far, 1e-9))
        if not self._lifts:
            # Who gives way in height, too, sinks under what holds the hand up, until it stands on the table.
            gone = np.linalg.norm(place[:, :2] - self.tool[:, :2], axis=1)
            place[:, 2] = np.minimum(self.tool[:, 2] + RISE * gone * self._pushes, self._highest)
        turned = poses.quat_multiply(poses.quat_from_rotvec(twist[:, 3:]), self.tool[:, 3:])
        self.tool = poses.pose(place, poses.quat_normalize(turned))

    def _top(self, scene: SceneSpec) -> float:
        """Height [m] in the world up to which a hand that pushes touches the body; of links as low as can be."""
        if "/" in self.stage.body:
            return -np.inf
        place, box = np.array(scene.placement(self.stage.body).pose, float), self._bounds_of_body
        half = float(np.abs(poses.quat_to_matrix(place[3:])[2]) @ np.array(box.half))
        return float(poses.compose(place, np.array(box.pose, float))[2]) + half * (2 * TOP - 1)

    def _command(self, joints: Array) -> None:
        """Command joints (batch, n), as far towards them as they may go in a control step."""
        now = self.command[:, : self.robot.width_column]
        self.command[:, : self.robot.width_column] = now + np.clip(joints - now, -self._fastest, self._fastest)

    def _twist(self, values: Array) -> Array:
        """What actions ask for in a control step (batch, 6): m and rad, in the base frame."""
        twist = np.zeros((len(values), 6))
        twist[:, self._axes] = values * self._most
        return turned(twist.reshape(-1, 2, 3), self.heading - yaw_of(self._base)).reshape(-1, 6)

    def _width(self) -> Array:
        most, now = self.robot.gripper.max_width, self.command[:, self.robot.width_column]
        if self.stage.fingers == "releasing":
            return np.where(self._opened, most, self._grip)
        widths = {"closed": np.zeros_like(now), "open": np.full_like(now, most), "kept": now, "gripping": self._grip}
        return widths[self.stage.fingers]


Steer = Callable[[LearnedStage, Sequence[SceneSpec]], Steering]
"""Makes what turns actions into commands, for worlds that begin in some starts."""


def yaw_of(pose: Array) -> Array:
    """How far poses (batch, 7) that stand upright are turned about the vertical, (batch,) rad."""
    ahead = poses.quat_rotate(pose[:, 3:], np.array([1.0, 0.0, 0.0]))
    return np.arctan2(ahead[:, 1], ahead[:, 0])


def pressing(state: WorldState) -> F32:
    """The greatest share (batch,) of a gentle force that the robot touches anything with."""
    return (state.force / touch_limits(state.layout)).max(axis=(1, 2)).astype(np.float32)


def fitting(stage: LearnedStage, state: WorldState) -> Bools:
    """Whether ``stage`` would have done its work were what it works on let go now, (batch,)."""
    body, contact = state.layout.body(stage.body), state.contact.copy()
    for finger in (LEFT_FINGER, RIGHT_FINGER):
        contact[:, body, state.layout.body(finger)] = contact[:, state.layout.body(finger), body] = False
    return stage.reached(replace(state, contact=contact))


def whole(steering: Steering, seen: F32, state: WorldState) -> F32:
    """What a policy sees of a state (batch, columns), with what its steering tells it."""
    told = steering.told(state.tcp)
    return np.concatenate([seen, told], axis=1) if told.shape[1] else seen
