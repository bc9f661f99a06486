"""Experience: transitions for learning off policy, made by practising, by a guide, or out of demonstrations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from demo_solvers.learning.course import Course
from demo_solvers.learning.heading import headings_in, turned
from demo_solvers.learning.observing import seen
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import AXES, yaw_of
from pipeline.core import poses
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.robot import RobotSpec
from pipeline.core.world import F32, Actions, Bools, WorldState


@dataclass(frozen=True, eq=False)
class Transitions:
    """What was seen, done and got, row by row."""

    seen: F32  # (rows, columns)
    action: F32  # (rows, actions)
    reward: F32  # (rows,)
    after: F32  # (rows, columns)
    ended: Bools  # (rows,)  for good: not by lack of time

    def __len__(self) -> int:
        return len(self.reward)

    @property
    def digest(self) -> str:
        """Content address."""
        content = b"".join(np.ascontiguousarray(getattr(self, f.name)).tobytes() for f in fields(self))
        return hashlib.sha256(content).hexdigest()[:16]

    def rows(self, index: Bools | slice) -> Transitions:
        """Some of them."""
        return Transitions(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def joined(parts: list[Transitions]) -> Transitions:
        """All of them, in order."""
        return Transitions(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Transitions)))


def guided(course: Course, guide: Callable[[WorldState], F32], *, episodes: int) -> Transitions:
    """What ``guide``, from a state to actions (batch, actions), did in ``episodes`` that reached the goal.

    Ends with fewer when four times as many have ended. May be empty.
    """
    open_rows: list[list[Transitions]] = [[] for _ in range(course.batch)]
    done, kept = 0, list[Transitions]()
    while len(kept) < episodes and done < 4 * episodes:
        before, action = course.seen(), np.clip(guide(course.state), -1, 1).astype(np.float32)
        taken = course.step(action)
        step = Transitions(before, action, taken.reward, taken.seen, taken.ended & ~taken.late)
        for row in range(course.batch):
            open_rows[row].append(step.rows(slice(row, row + 1)))
            if taken.ended[row]:
                done += 1
                if taken.reached[row]:
                    kept.append(Transitions.joined(open_rows[row]))
                open_rows[row] = []
    return Transitions.joined(kept) if kept else _none(course)


def demonstrated(
    stage: LearnedStage, robot: RobotSpec, states: WorldState, actions: Actions, *, control_hz: float
) -> Transitions:
    """Transitions out of one demonstration of the stage, whose reward is 1 where the goal is reached.

    ``states`` (time + 1) begin with the one before the first of ``actions`` (time, dof); the state's first row is
    taken for what was commanded then. Motions that the stage's freedoms do not have are left out, and faster ones cut.
    """
    commands = np.concatenate([states.qpos[:1], actions])
    count = len(actions) // stage.repeat
    marks = np.arange(count + 1) * stage.repeat
    tools = forward_kinematics(robot, commands[marks])
    moved = np.concatenate([np.diff(tools[:, :3], axis=0), _turns(tools)], axis=1) * control_hz
    heading = headings_in(stage, states.rows(slice(0, 1)))
    base = yaw_of(states.body("robot")[:1].astype(float))
    moved = turned(moved.reshape(-1, 2, 3).astype(float), np.repeat(base - heading, len(moved))).reshape(-1, 6)
    axes = [AXES[freedom] for freedom in stage.freedoms]
    most = np.array([stage.speed if axis < 3 else stage.turning for axis in axes]) * stage.repeat
    action = moved[:, axes] / most
    action = np.clip(action, -1, 1).astype(np.float32)
    at = states.rows(marks)
    rows = seen(stage, at, np.repeat(heading, len(at)))
    reached = stage.reached(at)[1:]
    last = int(np.argmax(reached)) + 1 if reached.any() else count
    reward = reached.astype(np.float32)
    return Transitions(rows[:-1], action, reward, rows[1:], reached).rows(slice(0, last))


def _turns(tools: np.ndarray) -> np.ndarray:
    return poses.quat_to_rotvec(poses.quat_multiply(tools[1:, 3:], poses.quat_conjugate(tools[:-1, 3:])))


def _none(course: Course) -> Transitions:
    columns, actions = course.seen().shape[1], course.stage.actions
    empty = np.zeros((0, columns), np.float32)
    return Transitions(empty, np.zeros((0, actions), np.float32), np.zeros(0, np.float32), empty, np.zeros(0, bool))
