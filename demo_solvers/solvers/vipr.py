"""ViPR: task and motion planning over all worlds of a batch at once, refined in parallel, from privileged state."""

from __future__ import annotations

import numpy as np

from demo_solvers.conduct import conduct
from demo_solvers.execution import Execution
from demo_solvers.refinement.loop import Refiner, refine
from demo_solvers.refinement.procedural import ProceduralRefiner
from demo_solvers.task_planning.model_programmer import Programmer
from demo_solvers.task_planning.plan import NoPlan, alternatives, plan
from pipeline.core.doors import Problem, Solution, TrialWorlds, Worlds
from pipeline.core.episode import Outcome
from pipeline.core.program import Program


def vipr(
    problem: Problem, worlds: TrialWorlds, *, refiner: Refiner | None = None, programmer: Programmer | None = None
) -> Solution:
    """Plan the task, try the plan beside what is offered; patch the best of them, beside other plans, while it pays.

    ``refiner`` proposes the patches; by default the procedural one. What ``programmer`` writes competes with the plan.
    """
    goal, opening = problem.task.goal, problem.scenes[0].robot.gripper.max_width
    # Where nothing may be refined, one plan is tried in every world; its alternatives cost as much again each.
    count = problem.budget.variants if problem.budget.rounds else 1
    own = alternatives(goal, worlds.state(), count=count, opening=opening)
    written = [] if programmer is None else programmer.write(problem, worlds.state()).programs
    programs = [*own[:1], *written, *problem.offered]
    if not programs:
        found = plan(goal, worlds.state(), opening=opening)
        ex = Execution(problem, worlds)
        everyone = np.arange(worlds.batch)
        why = found.reason if isinstance(found, NoPlan) else ""
        ex.fail(everyone, "no_plan", expected="a skill for every literal of the goal", seen=why)
        return Solution(ex.outcomes())
    return refine(problem, worlds, programs, refiner or ProceduralRefiner(), spare=own[1:])


def carry_out(program: Program, problem: Problem, worlds: Worlds) -> list[Outcome]:
    """Run every stage of ``program`` on every world, hold still at the end, and say how each world ended."""
    return conduct(program, problem, worlds).outcomes()
