"""Auto: the planner where it does, and where it evidently does not, whatever way does, stage by stage."""

from __future__ import annotations

from dataclasses import replace

from demo_solvers.learning.deriving import learnable
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.solving import Staff, solve_with
from demo_solvers.refinement.loop import Refiner
from demo_solvers.rewards.authors import Author
from demo_solvers.solvers.vipr import vipr
from demo_solvers.task_planning.model_programmer import Programmer
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.intervals import wilson
from pipeline.core.learning import StageWay


def auto(
    problem: Problem,
    worlds: TrialWorlds,
    *,
    refiner: Refiner | None = None,
    programmer: Programmer | None = None,
    author: Author | None = None,
    shelf: Shelf | None = None,
) -> Solution:
    """Attempt the scenes as ViPR does; learn only where that falls evidently short of the target.

    Evidently is: the upper end of the 95% interval of the solved share lies below ``problem.budget.target``.
    """
    first = vipr(problem, worlds, refiner=refiner, programmer=programmer)
    solved, count = sum(o.success for o in first.outcomes), len(first.outcomes)
    target = problem.budget.target
    said = f"planner solves {solved} of {count} worlds"
    if wilson(solved, count)[1] >= target:
        return replace(first, ways=_all_planned(first, f"{said}, which is not evidently short of {target:.0%}"))
    if first.program is not None and not any(map(learnable, first.program.stages)):
        return replace(first, ways=_all_planned(first, f"{said}, but nothing of it is learned"))
    ways = ("planner", "skill", "residual", "policy", "dense")
    return solve_with(problem, worlds, first.program, ways, Staff(author, shelf), first=first)


def _all_planned(solution: Solution, reason: str) -> tuple[StageWay, ...]:
    stages = () if solution.program is None else solution.program.stages
    return tuple(
        StageWay(number=number, stage=str(stage), way="planner", reason=reason) for number, stage in enumerate(stages)
    )
