"""Conduct: carry a program out on a batch of worlds, with failed stages tried again where that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.recovery import recover, recoverable
from demo_solvers.skill import SKILLS
from pipeline.core.doors import Problem, Worlds
from pipeline.core.program import Program, Stage
from pipeline.holds import parse, true_of

FINAL_HOLD = 0.6  # s; the goal has to hold for 0.5 s at the end

Drive = Callable[[Execution, Stage, Stage | None], None]
"""What carries out a stage: a skill, or what was learned instead of it."""
NONE: Mapping[int, Drive] = {}


def conduct(program: Program, problem: Problem, worlds: Worlds, *, instead: Mapping[int, Drive] = NONE) -> Execution:
    """Run every stage of ``program`` on every world and hold still at the end.

    A row in which a stage's own ``pre`` or ``post`` is not true fails there, even if the skill has not noticed. With
    ``problem.budget.recover`` rows that failed try the stage again while the others wait. ``instead`` carries out the
    stages that it has the numbers of, and those are not tried again.
    """
    ex = Execution(problem, worlds)
    ex.program = program
    for number in range(len(program.stages)):
        if not ex.alive.any():
            break
        before = ex.alive.copy()
        with ex.stage(number):
            carry_out(ex, program, number, instead)
        for attempt in range(1, 1 + (0 if number in instead else problem.budget.recover)):
            rows = recoverable(ex, before & ~ex.alive, number)
            if not len(rows):
                break
            recover(ex, rows, number, attempt)
    if ex.alive.any():
        ex.begin("hold")
        ex.wait(FINAL_HOLD)
    return ex


def carry_out(ex: Execution, program: Program, number: int, instead: Mapping[int, Drive] = NONE) -> None:
    """One stage of ``program``, with what has to be true before and after it."""
    stage = program.stages[number]
    following = program.stages[number + 1] if number + 1 < len(program.stages) else None
    ex.use(stage.arm)
    if stage.pre is not None:
        ex.begin(str(stage))
        _demand(ex, stage.pre, "needs_unmet")
    drive = instead.get(number) or SKILLS.get(stage.skill)
    drive(ex, stage, following)
    if stage.post is not None:
        _demand(ex, stage.post, "stage_unmet")


def _demand(ex: Execution, formula: str, cause: str) -> None:
    """Fail every live row in which ``formula`` is not true now, whatever moves or is held."""
    missed = np.flatnonzero(ex.alive & ~true_of(parse(formula), ex.state()))
    ex.fail(missed, cause, expected=formula, seen="it is not true")  # type: ignore[arg-type]
