"""Tracks: the touching part of a planner's motion in a stage, from each start, for a policy to act beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo_solvers.conduct import carry_out
from demo_solvers.execution import Execution
from demo_solvers.learning.rehearsal import as_gripped, rehearse
from demo_solvers.learning.starts import starts_of
from pipeline.core.doors import Practice, Problem
from pipeline.core.program import Program, Stage
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions


@dataclass(frozen=True, eq=False)
class Tracks:
    """Where the touching begins, as scenes, and the planner's commands (time, dof) from there on."""

    starts: list[SceneSpec]
    commands: list[Actions]


def tracks(practice: Practice, problem: Problem, program: Program, number: int, begins: Sequence[SceneSpec]) -> Tracks:
    """The planner's motions in stage ``number`` from ``begins``; of those in which it came to touch anything."""
    starts, commands = list[SceneSpec](), list[Actions]()

    def drive(ex: Execution) -> None:
        ex.program = program
        with ex.stage(number):
            carry_out(ex, program, number)

    for run in rehearse(practice, problem, begins, drive):
        names, trace, actions = run.ex.stage_names, run.worlds.trace(), run.worlds.recorded()
        begin = touching(run.ex, program.stages[number])
        if begin is None or trace is None or not names:
            continue
        state = run.first if begin == 0 else trace.at(begin - 1)
        rows = [row for row in range(len(run.scenes)) if _moves(actions[begin:, row])]
        command = np.array([s.robot_start for s in run.scenes]) if begin == 0 else actions[begin - 1]
        starts += starts_of(run.scenes, state, as_gripped(run.ex, command, state), rows)
        commands += [actions[begin:, row].copy() for row in rows]
    return Tracks(starts, commands)


def touching(ex: Execution, stage: Stage) -> int | None:
    """The control step at which ``stage`` went over from free motion to its work; None if it never did."""
    working = np.array([name.startswith(str(stage)) for name in ex.stage_names])
    steps = ex.outcomes()[0].stages if len(ex.alive) else np.zeros(0, np.uint8)
    at = np.flatnonzero(working[steps]) if len(steps) else np.zeros(0, int)
    return int(at[0]) if len(at) else None


def _moves(commands: Actions) -> bool:
    return bool(len(commands) > 1 and np.abs(np.diff(commands, axis=0)).max() > 1e-4)
