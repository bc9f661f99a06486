"""ViPR-RL: the planner does what it can, and stages of touch that it cannot are learned from their predicate alone."""

from __future__ import annotations

from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.solving import Staff, solve_with
from demo_solvers.refinement.loop import Refiner
from demo_solvers.solvers.vipr import vipr
from demo_solvers.task_planning.model_programmer import Programmer
from pipeline.core.doors import Problem, Solution, TrialWorlds


def vipr_rl(
    problem: Problem,
    worlds: TrialWorlds,
    *,
    refiner: Refiner | None = None,
    programmer: Programmer | None = None,
    shelf: Shelf | None = None,
) -> Solution:
    """Plan as ViPR does; then, stage by stage, the cheapest of planner, known skill, residual and policy that does.

    Rewards are sparse: a stage pays when its formula is true.
    """
    first = vipr(problem, worlds, refiner=refiner, programmer=programmer)
    ways = ("planner", "skill", "residual", "policy")
    return solve_with(problem, worlds, first.program, ways, Staff(shelf=shelf), first=first)
