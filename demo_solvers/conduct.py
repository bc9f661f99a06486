"""Conduct: carry a program out on a batch of worlds, with failed stages tried again where that is allowed."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.recovery import recover, recoverable
from demo_solvers.skill import SKILLS
from pipeline.core.doors import Problem, Worlds
from pipeline.core.program import Program
from pipeline.holds import parse, true_of

FINAL_HOLD = 0.6  # s; the goal has to hold for 0.5 s at the end


def conduct(program: Program, problem: Problem, worlds: Worlds) -> Execution:
    """Run every stage of ``program`` on every world and hold still at the end.

    A row in which a stage's own ``pre`` or ``post`` is not true fails there, even if the skill has not noticed. With
    ``problem.budget.recover`` rows that failed try the stage again while the others wait.
    """
    ex = Execution(problem, worlds)
    ex.program = program
    for number in range(len(program.stages)):
        if not ex.alive.any():
            break
        before = ex.alive.copy()
        with ex.stage(number):
            _carry_out(ex, program, number)
        for attempt in range(1, problem.budget.recover + 1):
            rows = recoverable(ex, before & ~ex.alive, number)
            if not len(rows):
                break
            recover(ex, rows, number, attempt)
    if ex.alive.any():
        ex.begin("hold")
        ex.wait(FINAL_HOLD)
    return ex


def _carry_out(ex: Execution, program: Program, number: int) -> None:
    stage = program.stages[number]
    following = program.stages[number + 1] if number + 1 < len(program.stages) else None
    ex.use(stage.arm)
    if stage.pre is not None:
        ex.begin(str(stage))
        _demand(ex, stage.pre, "needs_unmet")
    SKILLS.get(stage.skill)(ex, stage, following)
    if stage.post is not None:
        _demand(ex, stage.post, "stage_unmet")


def _demand(ex: Execution, formula: str, cause: str) -> None:
    """Fail every live row in which ``formula`` is not true now, whatever moves or is held."""
    missed = np.flatnonzero(ex.alive & ~true_of(parse(formula), ex.state()))
    ex.fail(missed, cause, expected=formula, seen="it is not true")  # type: ignore[arg-type]
