"""PolicySkill: a policy in the place of a skill: to the contact by a plan, then it acts, then the hand withdraws."""

from __future__ import annotations

from dataclasses import dataclass

from demo_solvers.execution import Execution
from demo_solvers.learning.acting import act_out
from demo_solvers.learning.approach import Approach, leave
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.skills.insert import bring
from pipeline.core.goal import literals
from pipeline.core.program import Stage


@dataclass(frozen=True, eq=False)
class PolicySkill:
    """Drives a stage as its skill would."""

    stage: LearnedStage
    policy: LocalPolicy
    approach: Approach

    def __call__(self, ex: Execution, stage: Stage, following: Stage | None) -> None:
        """Carry out ``stage`` on the live rows; those whose goal is not reached fail."""
        come_near(ex, stage, self.stage, self.approach)
        if not ex.alive.any():
            return
        act_out(ex, self.stage, self.policy)
        if ex.alive.any() and not self._holds_on:
            leave(ex)

    @property
    def _holds_on(self) -> bool:
        return any(a.predicate == "holding" and wanted for a, wanted in literals(self.stage.formula))


def come_near(ex: Execution, stage: Stage, learned: LearnedStage, approach: Approach) -> None:
    """Bring the hand, or what it holds, to where the policy takes over."""
    if learned.fingers == "releasing":
        bring(ex, stage)
    else:
        approach.go(ex, stage.body)
