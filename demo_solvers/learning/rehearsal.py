"""Rehearsal: stages of a program carried out in practice worlds, so that others can be learned where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo_solvers.conduct import NONE, Drive, carry_out
from demo_solvers.execution import Execution
from demo_solvers.learning.starts import starts_of
from demo_solvers.skills.pick import SQUEEZE
from pipeline.core.doors import Practice, Problem
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT
from pipeline.core.program import Program
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions, Bools, WorldState, WorldTrace
from pipeline.predicates._gripper import pinched

STILL = 0.3  # s that everything stands before a state is taken as a start
GRIP_SECONDS = 0.4  # for fingers that hold something to press on it again


class PracticeRun:
    """Worlds to practise in, driven once from the states that they are in, as a solver drives worlds."""

    def __init__(self, practice: Practice, *, steps: int) -> None:
        self._practice, self._steps = practice, steps
        self._state = practice.state()
        self._actions, self._traces = list[Actions](), list[WorldTrace]()

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return self._practice.batch

    @property
    def steps_left(self) -> int:
        """Control steps until this run is over."""
        return self._steps - sum(map(len, self._actions))

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds by actions (time, batch, dof)."""
        trace = self._practice.run(actions)
        self._actions.append(np.asarray(actions, np.float32))
        self._traces.append(trace)
        self._state = trace.at(-1)
        return trace

    def state(self) -> WorldState:
        """The present state."""
        return self._state

    def recorded(self) -> Actions:
        """All actions of this run, (time, batch, dof)."""
        dof = self._state.qpos.shape[1]
        return np.concatenate(self._actions) if self._actions else np.zeros((0, self.batch, dof), np.float32)

    def trace(self) -> WorldTrace | None:
        """All states after the first one, or None before the first step."""
        if len(self._traces) > 1:
            self._traces = [WorldTrace.concatenate(self._traces)]
        return self._traces[0] if self._traces else None


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """One run of a batch of scenes: its execution, the state that it began in, and which rows are not mere padding."""

    ex: Execution
    first: WorldState
    worlds: PracticeRun
    scenes: Sequence[SceneSpec]

    @property
    def alive(self) -> Bools:
        """Rows of ``scenes`` that have not failed."""
        return self.ex.alive[: len(self.scenes)]


def rehearse(
    practice: Practice,
    problem: Problem,
    scenes: Sequence[SceneSpec],
    drive: Callable[[Execution], None],
) -> list[Rehearsed]:
    """Let ``drive`` act from the initial states of ``scenes``, as many at a time as there are worlds, for a horizon.

    Fingers are put as wide as they were, so that what is held is gripped first: it would slip. Everything stands still
    for a moment at the end.
    """
    found = list[Rehearsed]()
    steps = round(problem.task.horizon * scenes[0].physics.control_hz) if scenes else 0
    for first in range(0, len(scenes), practice.batch):
        given = list(scenes[first : first + practice.batch])
        padded = given + [given[-1]] * (practice.batch - len(given))
        start = practice.put(list(range(practice.batch)), padded)
        worlds = PracticeRun(practice, steps=steps)
        ex = Execution(replace(problem, scenes=tuple(padded)), worlds)
        _grip_again(ex)
        drive(ex)
        ex.wait(STILL)
        found.append(Rehearsed(ex, start, worlds, given))
    return found


def _grip_again(ex: Execution) -> None:
    """Press on what is between the fingers as the skill that took it did."""
    state = ex.state()
    things = [body for body in state.layout.bodies if body not in (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR)]
    held = np.any([pinched(state, body) for body in things], axis=0)
    if held.any():
        ex.begin("grip again")
        ex.grip(np.where(held, np.maximum(ex.width - SQUEEZE, 0.0), ex.width), GRIP_SECONDS)


def begun(
    practice: Practice,
    problem: Problem,
    program: Program,
    number: int,
    scenes: Sequence[SceneSpec],
    instead: Mapping[int, Drive] = NONE,
) -> list[SceneSpec]:
    """The states, as scenes, in which stage ``number`` begins, for those of ``scenes`` that come so far."""
    if number == 0:
        return list(scenes)

    def drive(ex: Execution) -> None:
        ex.program = program
        for earlier in range(number):
            if not ex.alive.any():
                return
            with ex.stage(earlier):
                carry_out(ex, program, earlier, instead)

    return ended(rehearse(practice, problem, scenes, drive))


def ended(runs: Sequence[Rehearsed]) -> list[SceneSpec]:
    """The states in which the rows of ``runs`` that have not failed come to stand, as scenes."""
    found = list[SceneSpec]()
    for run in runs:
        rows = np.flatnonzero(run.alive)
        found += starts_of(
            run.scenes, run.worlds.state(), as_gripped(run.ex, run.ex.command, run.worlds.state()), rows.tolist()
        )
    return found


def as_gripped(ex: Execution, command: np.ndarray, state: WorldState) -> np.ndarray:
    """Commands (batch, dof) with each gripper as wide as it is: fingers are not put into what they hold."""
    command = np.array(command, float)
    for arm in ex.arms.values():
        column = arm.columns.stop
        command[:, column] = np.clip(state.qpos[: len(command), column], 0.0, ex.robot.gripper.max_width)
    return command
