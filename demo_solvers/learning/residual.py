"""Residual steering: a planner's motion is followed, and a policy's small actions move the tool beside it.

After Silver et al. (2018) and Johannink et al. (2019), with the planner's commands in the controller's place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from demo_solvers.learning.heading import turned
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import AXES, Felt, Steering, yaw_of
from pipeline.core import poses
from pipeline.core.poses import Array
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions
from pipeline.delta_control import Follower

ASIDE, TURNED = 0.02, 0.2  # m and rad by which the tool may be beside the planner's motion


class ResidualSteering(Steering):
    """Steers as :class:`Steering` does, around the commands (time, dof) that ``track`` gives for a start."""

    def __init__(
        self, stage: LearnedStage, scenes: Sequence[SceneSpec], track: Callable[[int, SceneSpec], Actions]
    ) -> None:
        self._track = track
        self._commands: list[Actions] = [np.zeros((1, scenes[0].robot.dof), np.float32)] * len(scenes)
        self._tools: list[Array] = [np.zeros((1, 7))] * len(scenes)
        self._time = np.zeros(len(scenes), int)
        self._off = np.zeros((len(scenes), 6))  # m and rad, base frame
        super().__init__(stage, scenes)

    def reset(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> None:
        """Begin anew in some rows, from the starts of ``scenes`` and of their motions."""
        super().reset(rows, scenes)
        for row, scene in zip(rows, scenes, strict=True):
            commands = self._track(row, scene)
            self._commands[row] = commands
            self._tools[row] = poses.from_matrix(self._chain.tool(self._chain.frames(commands.astype(float))))
            self._time[row], self._off[row] = 0, 0.0

    def follow(self, actions: NDArray[np.floating], tool: F32, felt: Felt | None = None) -> Actions:
        """Joint targets (repeat, batch, dof) of one action each."""
        values = np.clip(np.asarray(actions, float), -1, 1)[:, : len(self._axes)]
        column = self.robot.width_column
        targets = np.empty((self.stage.repeat, *self.command.shape), np.float32)
        for step in targets:
            self._off += self._twist(values)
            self._off = np.clip(self._off, -self._bounds, self._bounds)
            planned = np.stack([c[min(t, len(c) - 1)] for c, t in zip(self._commands, self._time, strict=True)])
            # From the planned joints on, so that without an offset they are what is commanded.
            joints = Follower(self.robot, planned[:, :column].astype(float)).follow(
                poses.to_matrix(self._goal()), planned[:, :column].astype(float)
            )
            self._command(joints)
            self.command[:, column:] = planned[:, column:]
            step[:] = self.command
            self._time += 1
        return targets

    def told(self, tool: F32) -> F32:
        """Where the tool is beside the motion, where the motion leads next, and how much of it is over."""
        here = poses.compose(poses.inverse(self._base), np.asarray(tool, float))
        last = np.array([len(c) for c in self._commands])
        over = np.minimum(self._time / last, 1.0)[:, None]
        ahead = (self._planned(self.stage.repeat)[:, :3] - here[:, :3]) / ASIDE
        level = np.concatenate([self._off / self._bounds, np.clip(ahead, -3, 3)], axis=1).reshape(-1, 3, 3)
        seen = turned(level, yaw_of(self._base) - self.heading).reshape(-1, 9)
        return np.concatenate([seen, over], axis=1).astype(np.float32)

    @property
    def _bounds(self) -> Array:
        return np.array([ASIDE] * 3 + [TURNED] * 3)

    def _planned(self, ahead: int = 0) -> Array:
        at = zip(self._tools, self._time + ahead, strict=True)
        return np.stack([tools[min(int(t), len(tools) - 1)] for tools, t in at])

    def _goal(self) -> Array:
        planned = self._planned()
        turned = poses.quat_multiply(poses.quat_from_rotvec(self._off[:, 3:]), planned[:, 3:])
        return poses.pose(planned[:, :3] + self._off[:, :3], poses.quat_normalize(turned))


def start_key(scene: SceneSpec) -> str:
    """What tells the starts of a stage apart."""
    told = [scene.robot_start, [(p.pose, p.joints) for p in scene.placements]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def residual_stage(stage: LearnedStage, tracks: Sequence[Actions]) -> LearnedStage:
    """``stage`` for a policy beside the motions ``tracks``: it may move in all ways, slowly, as long as they last."""
    longest = max(len(track) for track in tracks)
    return stage.model_copy(
        update={
            "name": f"{stage.name}_residual",
            "freedoms": tuple(AXES)[:5],
            "fingers": "kept",
            "speed": 0.05,
            "turning": 0.4,
            "decisions": min(1000, -(-longest // stage.repeat) + 10),
        }
    )
