"""Execution: the batch as a solver drives it, with commanded joints, who still takes part, and why others do not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.timing import PEAK_VELOCITY, time_path
from pipeline.core import poses
from pipeline.core.doors import Problem, Worlds
from pipeline.core.episode import Cause, Diagnosis, Outcome
from pipeline.core.errors import UnknownNameError
from pipeline.core.program import Program
from pipeline.core.world import Bools, WorldState
from pipeline.holds import holds, parse

RECOVER, WAIT = "recover: ", "wait"
"""What the names of stages that are tried again begin with, and the name of what the other rows do meanwhile."""


@dataclass(frozen=True)
class Span:
    """Control steps [begin, end) in which stage ``number`` of the program was at work."""

    number: int
    begin: int
    end: int


class Execution:
    """All worlds of one attempt in lockstep; a row that has failed stands still while the others go on."""

    def __init__(self, problem: Problem, worlds: Worlds) -> None:
        scene = problem.scenes[0]
        self.problem, self.worlds = problem, worlds
        self.robot = scene.robot
        self.arms = {group.name: Arm(scene.robot, group.name) for group in scene.robot.arms}
        self.arm = self.arms[""]
        """The arm at work; :meth:`use` changes it."""
        self.rate = scene.physics.control_hz
        self.command: Array = np.array([s.robot_start for s in problem.scenes], float)  # (batch, dof) as last applied
        self.alive: Bools = np.ones(worlds.batch, bool)
        self._held = {name: np.tile(poses.IDENTITY_POSE, (worlds.batch, 1)) for name in self.arms}
        self.diagnoses = [Diagnosis() for _ in range(worlds.batch)]
        self.program: Program | None = None
        self.number: int | None = None  # of the program's stage at work
        self.spans: list[Span] = []  # of the program's stages so far, in the order in which they were carried out
        self.recoveries = np.zeros(worlds.batch, int)  # (batch,) stages that were tried again
        self.stage_names: list[str] = []
        self._waiting: Bools = np.zeros(worlds.batch, bool)  # while others try a stage again
        self._label = ""
        self._stage_of_step: list[NDArray[np.uint8]] = []  # (batch,) each

    @property
    def rows(self) -> NDArray[np.intp]:
        """Indices of the rows that still take part."""
        return np.flatnonzero(self.alive)

    def state(self) -> WorldState:
        """The present state of all rows."""
        return self.worlds.state()

    def use(self, arm: str) -> None:
        """Let the arm called ``arm`` do what comes next ('' is the first); the others stay where they are."""
        if arm not in self.arms:
            raise UnknownNameError(f"arm of {self.robot.name}", arm, tuple(self.arms))
        self.arm = self.arms[arm]

    @property
    def q(self) -> Array:
        """Commanded joints (batch, n) rad of the arm at work."""
        return self.command[:, self.arm.columns]

    @property
    def width(self) -> Array:
        """Commanded opening (batch,) m of the gripper at work."""
        return self.command[:, self.arm.columns.stop]

    @property
    def measured_q(self) -> Array:
        """Measured joints (batch, n) rad of the arm at work."""
        return self.state().qpos[:, self.arm.columns].astype(float)

    @property
    def measured_width(self) -> Array:
        """Opening (batch,) m of the gripper at work, as it is."""
        return self.state().qpos[:, self.arm.columns.stop].astype(float)

    @property
    def T_tool_held(self) -> Array:
        """How what was noted as held lies in the hand at work, (batch, 7)."""
        return self._held[self.arm.group.name]

    @property
    def tool(self) -> Array:
        """Where the tool at work is in the world, (batch, 7)."""
        state = self.state()
        if not self.arm.group.name:
            return state.tcp.astype(float)
        return poses.compose(state.body("robot").astype(float), self.arm.tool_pose(state.qpos[:, self.arm.columns]))

    def begin(self, stage: str) -> None:
        """Name what the next steps are for."""
        self.stage_names.append(self._label + stage)

    @contextmanager
    def stage(self, number: int) -> Iterator[None]:
        """What happens inside serves stage ``number`` of the program."""
        self.number, begin = number, self.steps
        try:
            yield
        finally:
            self.spans.append(Span(number, begin, self.steps))
            self.number = None

    @contextmanager
    def again(self, rows: ArrayLike) -> Iterator[None]:
        """Inside, failed ``rows`` (indices) alone take part, as if they had not failed; all others stand and wait."""
        others, index = self.alive, np.asarray(rows, np.intp)
        self.alive, self._waiting, self._label = np.zeros_like(others), others, RECOVER
        self.alive[index] = True
        self.recoveries[index] += 1
        for row in index:
            self.diagnoses[row] = Diagnosis()
        self.stage_names.append(WAIT)
        try:
            yield
        finally:
            self.alive, self._waiting, self._label = self.alive | others, np.zeros_like(others), ""

    @property
    def steps(self) -> int:
        """Control steps driven."""
        return len(self._stage_of_step)

    def to_base(self, T_world: ArrayLike, rows: ArrayLike) -> Array:
        """Poses (k, ..., 7) of worlds ``rows`` (k,), expressed in each robot's base frame."""
        T_world = np.asarray(T_world, float)
        base = poses.inverse(self.state().body("robot").astype(float)[np.asarray(rows)])
        return poses.compose(base.reshape(len(base), *[1] * (T_world.ndim - 2), 7), T_world)

    def fail(
        self,
        rows: ArrayLike,
        cause: Cause,
        *,
        expected: str,
        seen: str | Sequence[str],
        amount: ArrayLike | None = None,
        bodies: Sequence[str] = (),
    ) -> None:
        """Take rows (indices) out of the attempt, with the reason; a row keeps its first diagnosis."""
        index = np.asarray(rows, dtype=np.intp)
        amounts = np.broadcast_to(np.nan if amount is None else np.asarray(amount, float), index.shape)
        stage = self.stage_names[-1] if self.stage_names else "start"
        for i, row in enumerate(index):
            if self.alive[row]:
                what = seen if isinstance(seen, str) else seen[i]
                value = None if math.isnan(amounts[i]) else float(amounts[i])
                self.diagnoses[row] = Diagnosis(
                    cause=cause,
                    stage=stage,
                    expected=expected,
                    seen=what,
                    amount=value,
                    number=self.number,
                    time=round(self.steps / self.rate, 3),
                    bodies=tuple(bodies),
                )
        self.alive[index] = False

    def move(
        self, waypoints: Array, *, effort: float = 0.65, slowest: float = 0.0, width: ArrayLike | None = None
    ) -> None:
        """Follow joint waypoints (batch, points, n) from the commanded joints; the gripper goes to ``width``."""
        path = np.concatenate([self.q[:, None], waypoints], axis=1)
        path[~self.alive] = self.q[~self.alive, None]
        targets = time_path(self.arm, path, rate=self.rate, active=self.alive, effort=effort, slowest=slowest)
        self.apply(targets, self.width if width is None else width)

    def line(self, q_path: Array, *, speed: float, length: float, width: ArrayLike | None = None) -> None:
        """Follow joint waypoints of a straight tool motion of ``length`` m with a peak of ``speed`` m/s."""
        self.move(q_path, slowest=PEAK_VELOCITY * length / speed, width=width)

    def wait(self, seconds: float) -> None:
        """Hold still."""
        self.apply(self._still(seconds), self.width)

    def grip(self, width: ArrayLike, seconds: float) -> None:
        """Command the gripper to an opening (batch,) m and wait."""
        self.apply(self._still(seconds), width, ramp=0.3)

    def apply(self, targets: NDArray[np.floating], width: ArrayLike, *, ramp: float = 1.0) -> None:
        """Run arm targets (time, batch, n); the width is reached over the first ``ramp`` part of the time."""
        steps = len(targets)
        goal = np.where(self.alive, np.broadcast_to(np.asarray(width, float), self.width.shape), self.width)
        share = np.minimum(1.0, np.arange(1, steps + 1) / max(1.0, ramp * steps))[:, None]
        widths = self.width + share * (goal - self.width)
        commands = np.repeat(self.command[None], steps, axis=0)
        commands[..., self.arm.columns], commands[..., self.arm.columns.stop] = targets, widths
        self.play(commands)

    def play(self, commands: NDArray[np.floating]) -> None:
        """Run commands (time, batch, dof) as they are; live rows fail where the horizon comes before their end."""
        actions, left = np.asarray(commands, np.float32), self.worlds.steps_left
        if len(actions) > left:
            self.fail(
                self.rows,
                "timeout",
                expected=f"done within {self.problem.task.horizon:g} s",
                seen=f"{len(actions)} steps more",
            )
            actions = actions[:left]
        if len(actions):
            self.worlds.run(actions)
            self._stage_of_step += [self._stages_now()] * len(actions)
            self.command = actions[-1].astype(float)

    def require(self, formula: str, cause: Cause) -> None:
        """Fail every live row in which ``formula`` does not hold now."""
        missed = self.alive & ~holds(parse(formula), self.state())
        if missed.any():
            self.fail(np.flatnonzero(missed), cause, expected=formula, seen="does not hold")

    def note_held(self, body: str) -> None:
        """Measure how ``body`` lies in the hand at work, and remember it."""
        self._held[self.arm.group.name] = poses.compose(poses.inverse(self.tool), self.state().body(body))

    def outcomes(self) -> list[Outcome]:
        """How each row ended; success is judged by others."""
        actions = self.worlds.recorded()
        stages = np.array(self._stage_of_step, np.uint8).reshape(self.steps, len(self.alive))
        names = tuple(self.stage_names) or ("start",)
        return [
            Outcome(
                success=bool(self.alive[i]),
                actions=actions[:, i],
                stages=stages[:, i].copy(),
                stage_names=names,
                diagnosis=d,
                program=self.program,
                recoveries=int(self.recoveries[i]),
            )
            for i, d in enumerate(self.diagnoses)
        ]

    def _stages_now(self) -> NDArray[np.uint8]:
        """Index (batch,) of the name of what each row is at; those that wait for others are at ``WAIT``."""
        now = np.full(len(self.alive), max(len(self.stage_names) - 1, 0), np.uint8)
        if self._waiting.any():
            now[self._waiting] = len(self.stage_names) - 1 - self.stage_names[::-1].index(WAIT)
        return now

    def _still(self, seconds: float) -> Array:
        return np.repeat(self.q[None], max(1, round(seconds * self.rate)), axis=0)
