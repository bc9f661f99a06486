"""Demonstrating: what the planner's skill does in a stage, as experience for who learns it, and how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo_solvers.conduct import carry_out
from demo_solvers.execution import Execution
from demo_solvers.learning.experience import Transitions, demonstrated
from demo_solvers.learning.rehearsal import Rehearsed, rehearse
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.doors import Practice, Problem
from pipeline.core.program import Program
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Bools, WorldState

AFTER = 8  # control steps that belong to a motion although its name is over: what was moved comes to rest
REST = 0.3  # s for which everything stands besides before a stage is judged


@dataclass(frozen=True, eq=False)
class Shown:
    """The planner's skill in a stage: whether it reached the goal from each start, and its successes as transitions."""

    reached: Bools  # (starts,)
    transitions: Transitions | None
    episodes: int  # that the transitions are of


def shown(
    practice: Practice,
    problem: Problem,
    program: Program,
    number: int,
    stage: LearnedStage,
    starts: Sequence[SceneSpec],
) -> Shown:
    """Let the skill of stage ``number`` work from ``starts``, the states in which that stage begins."""

    def drive(ex: Execution) -> None:
        ex.program = program
        with ex.stage(number):
            carry_out(ex, program, number)
        ex.wait(REST)

    reached, parts = list[Bools](), list[Transitions]()
    for run in rehearse(practice, problem, starts, drive):
        done = stage.reached(run.worlds.state())[: len(run.scenes)]
        reached.append(done)
        parts += [part for row in np.flatnonzero(done).tolist() if (part := _motion(run, program, number, stage, row))]
    return Shown(np.concatenate(reached), Transitions.joined(parts) if parts else None, len(parts))


def _motion(run: Rehearsed, program: Program, number: int, stage: LearnedStage, row: int) -> Transitions | None:
    """The touching part of a row's motion, if the goal is reached within it, and in the time that a policy has.

    Where the planner takes longer it does what no policy can: it feels its way in.
    """
    outcome, trace = run.ex.outcomes()[row], run.worlds.trace()
    if trace is None:
        return None
    working = [name.startswith(str(program.stages[number])) for name in outcome.stage_names]
    at_work = np.array(working)[outcome.stages]
    if not at_work.any():
        return None
    begin = int(np.argmax(at_work))
    over = np.flatnonzero(~at_work[begin:])
    end = min(begin + int(over[0]) + AFTER if len(over) else len(at_work), len(at_work))
    states = WorldState.stack([run.first.rows(slice(row, row + 1)), trace.row(row)]).rows(slice(begin, end + 1))
    rate = run.ex.rate
    found = demonstrated(stage, run.ex.robot, states, outcome.actions[begin:end], control_hz=rate)
    return found if 0 < len(found) <= stage.decisions and found.reward[-1] > 0 else None
