"""Auto: the planner where it does, and where it evidently fails by touch, whatever way does, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from demo_solvers.diagnosis import VAGUE
from demo_solvers.learning.deriving import learnable
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.solving import Staff, solve_with
from demo_solvers.refinement.loop import Refiner
from demo_solvers.rewards.authors import Author
from demo_solvers.solvers.vipr import vipr
from demo_solvers.task_planning.model_programmer import Programmer
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.episode import Outcome
from pipeline.core.intervals import wilson
from pipeline.core.learning import StageWay
from pipeline.core.program import Program


def auto(
    problem: Problem,
    worlds: TrialWorlds,
    *,
    refiner: Refiner | None = None,
    programmer: Programmer | None = None,
    author: Author | None = None,
    shelf: Shelf | None = None,
) -> Solution:
    """Attempt the scenes as ViPR does; learn only where stages of touch keep that evidently short of the target.

    Evidently is: even if all other failures were none, the upper end of the 95% interval of the solved share would lie
    below ``problem.budget.target``. A task without a plan is learned where geometry knows what to touch.
    """
    first = vipr(problem, worlds, refiner=refiner, programmer=programmer)
    solved, count = sum(o.success for o in first.outcomes), len(first.outcomes)
    said = f"the planner solves {solved} of {count} worlds"
    if (why := why_content(problem, first, shelf)) is not None:
        return replace(first, ways=_all_planned(first, f"{said}{why}"))
    ways = ("planner", "skill", "residual", "policy", "dense")
    found = solve_with(problem, worlds, first.program, ways, Staff(author, shelf), first=first)
    return replace(found, ways=tuple(_after(f"{said}; ", way) for way in found.ways))


def touch_failures(outcomes: Sequence[Outcome], program: Program) -> int:
    """How many attempts failed in a stage that can be learned.

    Where nothing tells the stage and the goal alone is not reached, it is the last one, whose work the whole goal is.
    """
    failed = [outcome for outcome in outcomes if not outcome.success]
    return sum(_by_touch(outcome, outcome.program or program) for outcome in failed)


def _by_touch(outcome: Outcome, program: Program) -> bool:
    number = outcome.diagnosis.number
    if number is None:
        return outcome.diagnosis.cause in VAGUE and learnable(program.stages[-1])
    return learnable(program.stages[number])


def why_content(problem: Problem, first: Solution, shelf: Shelf | None = None) -> str | None:
    """Why nothing is to be learned beyond what the planner did first, in words; None where it is to be."""
    if first.program is None:
        return None
    target, count = problem.budget.target, len(first.outcomes)
    failed = sum(not o.success for o in first.outcomes)
    touched = touch_failures(first.outcomes, first.program)
    if wilson(count - failed, count)[1] >= target:
        return f", which is not evidently short of {target:.0%}"
    if not any(map(learnable, first.program.stages)):
        return ", but nothing of it is learned"
    if wilson(count - touched, count)[1] >= target:
        return f"; of {failed} failures {touched} are in stages that can be learned, too few to learn"
    if problem.learning.steps == 0 and shelf is None:
        return ", but there is no budget to learn"
    return None


def _all_planned(solution: Solution, reason: str) -> tuple[StageWay, ...]:
    stages = () if solution.program is None else solution.program.stages
    return tuple(
        StageWay(number=number, stage=str(stage), way="planner", reason=reason) for number, stage in enumerate(stages)
    )


def _after(said: str, way: StageWay) -> StageWay:
    """With what was seen before, where ways were tried."""
    return way.model_copy(update={"reason": said + way.reason}) if way.tried else way
