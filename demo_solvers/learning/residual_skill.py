"""ResidualSkill: the planner's motion of a stage once more, with a policy beside it where it touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demo_solvers.conduct import Drive, carry_out
from demo_solvers.execution import Execution
from demo_solvers.learning.acting import act_out
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.residual import ResidualSteering
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.tracks import touching
from pipeline.core.doors import Problem, TrialWorlds
from pipeline.core.program import Program, Stage
from pipeline.core.world import Actions


@dataclass(frozen=True, eq=False)
class ResidualSkill:
    """Drives a stage along ``commands`` (time, batch, dof); from ``begin`` on the policy acts beside them."""

    stage: LearnedStage
    policy: LocalPolicy
    commands: Actions
    begin: int

    def __call__(self, ex: Execution, stage: Stage, following: Stage | None) -> None:
        """Carry out ``stage`` on the live rows; those whose goal is not reached fail."""
        ex.begin(f"reach {stage.body}")
        approach = np.where(ex.alive[:, None], self.commands[: self.begin], ex.command)
        ex.play(approach)
        beside = self.commands[self.begin :]
        act_out(
            ex, self.stage, self.policy,
            steer=lambda learned, scenes: ResidualSteering(learned, scenes, lambda row, scene: beside[:, row]),
        )  # fmt: skip


def planned_motion(
    problem: Problem, worlds: TrialWorlds, program: Program, number: int, instead: Mapping[int, Drive]
) -> tuple[Actions, int] | None:
    """The planner's commands (time, batch, dof) in stage ``number``, in a trial of their own, and where it touches.

    None where it never does.
    """
    ex = Execution(problem, worlds.trial())
    ex.program = program
    for earlier in range(number):
        with ex.stage(earlier):
            carry_out(ex, program, earlier, instead)
    first = ex.steps
    with ex.stage(number):
        carry_out(ex, program, number)
    begin = touching(ex, program.stages[number])
    if begin is None or begin < first:
        return None
    return ex.worlds.recorded()[first:], begin - first
