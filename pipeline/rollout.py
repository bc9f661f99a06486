"""Lockstep of a solver and a simulator: every attempt is recorded and judged by the goal, not by the solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.core.doors import Problem, Simulator, Solver
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.errors import TaskloomError
from pipeline.core.world import Actions, Bools, WorldState, WorldTrace
from pipeline.holds import holds, parse

HOLD_SECONDS = 0.5


class BatchWorlds:
    """A recorded handle on the worlds of one loaded batch, with state granted; physics only, nothing is rendered."""

    def __init__(self, simulator: Simulator, problem: Problem) -> None:
        # Pixels last: cameras are left out, so that solving never touches a graphics driver.
        scenes = [scene.physics_only() for scene in problem.scenes]
        self._simulator = simulator
        self._first = self._last = simulator.load(scenes)
        self._actions: list[Actions] = []
        self._traces: list[WorldTrace] = []
        self.limit = round(problem.task.horizon * problem.scenes[0].physics.control_hz)

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return len(self._first)

    @property
    def steps(self) -> int:
        """Control steps taken since the reset."""
        return sum(len(a) for a in self._actions)

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        return self.limit - self.steps

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds by actions (time, batch, dof), float32 as they will be stored; raises beyond the horizon."""
        if len(actions) > self.steps_left:
            raise TaskloomError(
                f"{len(actions)} steps asked, {self.steps_left} left until the horizon of {self.limit}."
            )
        actions = np.ascontiguousarray(actions, dtype=np.float32)
        trace = self._simulator.run(actions)
        self._actions.append(actions)
        self._traces.append(trace)
        self._last = trace.at(-1)
        return trace

    def state(self) -> WorldState:
        """The present, privileged state."""
        return self._last

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        dof = self._first.qpos.shape[1]
        return np.concatenate(self._actions) if self._actions else np.zeros((0, self.batch, dof), np.float32)

    def trace(self) -> WorldTrace | None:
        """All states after the reset, or None before the first step."""
        return WorldTrace.concatenate(self._traces) if self._traces else None


def attempt(simulator: Simulator, problem: Problem, solver: Solver) -> list[Outcome]:
    """Let ``solver`` attempt every world of ``problem`` once, then judge each by the goal held for HOLD_SECONDS."""
    worlds = BatchWorlds(simulator, problem)
    outcomes = solver(problem, worlds)
    if len(outcomes) != worlds.batch:
        raise TaskloomError(
            f"The solver returned {len(outcomes)} outcomes for {worlds.batch} worlds; it owes one a world."
        )
    achieved, actions, trace = _achieved(problem, worlds), worlds.recorded(), worlds.trace()
    judged: list[Outcome] = []
    for i, outcome in enumerate(outcomes):
        diagnosis = Diagnosis() if achieved[i] else _why(outcome)
        states = None if trace is None else trace.row(i)
        judged.append(
            replace(outcome, success=bool(achieved[i]), actions=actions[:, i], diagnosis=diagnosis, trace=states)
        )
    return judged


def held_for(problem: Problem, states: Sequence[WorldState]) -> Bools:
    """Whether the goal holds in every one of ``states``, (batch,)."""
    goal = parse(problem.task.goal)
    return np.logical_and.reduce([holds(goal, state) for state in states])


def hold_steps(problem: Problem) -> int:
    """Control steps for which a goal must hold at the end of an episode."""
    return round(HOLD_SECONDS * problem.scenes[0].physics.control_hz)


def _achieved(problem: Problem, worlds: BatchWorlds) -> Bools:
    trace, need = worlds.trace(), hold_steps(problem)
    if trace is None or trace.time < need:
        return np.zeros(worlds.batch, bool)
    return held_for(problem, [trace.at(t) for t in range(trace.time - need, trace.time)])


def _why(outcome: Outcome) -> Diagnosis:
    if outcome.diagnosis.cause != "none":
        return outcome.diagnosis
    return Diagnosis(cause="goal_unmet", stage="end", expected=f"goal held for {HOLD_SECONDS} s", seen="it did not")
