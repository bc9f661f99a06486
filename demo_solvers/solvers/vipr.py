"""ViPR: task and motion planning over all worlds of a batch at once, from privileged state."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.decompose import decompose
from demo_solvers.skill import SKILLS
from pipeline.core.doors import Problem, Solution, TrialWorlds, Worlds
from pipeline.core.episode import Outcome
from pipeline.core.program import Program

FINAL_HOLD = 0.6  # s; the goal has to hold for 0.5 s at the end


def vipr(problem: Problem, worlds: TrialWorlds) -> Solution:
    """Decompose the goal, run each skill on every world in lockstep, hold still at the end."""
    program = decompose(problem.task.goal, worlds.state())
    if program is None:
        ex = Execution(problem, worlds)
        everyone = np.arange(worlds.batch)
        ex.fail(everyone, "no_plan", expected="a skill for every literal of the goal", seen=problem.task.goal)
        return Solution(ex.outcomes())
    return Solution(carry_out(program, problem, worlds), program)


def carry_out(program: Program, problem: Problem, worlds: Worlds) -> list[Outcome]:
    """Run every stage of ``program`` on every world, hold still at the end, and say how each world ended."""
    ex = Execution(problem, worlds)
    ex.program = program
    for number, (stage, following) in enumerate(zip(program.stages, (*program.stages[1:], None), strict=True)):
        ex.number = number
        if ex.alive.any():
            SKILLS.get(stage.skill)(ex, stage, following)
    ex.number = None
    if ex.alive.any():
        ex.begin("hold")
        ex.wait(FINAL_HOLD)
    return ex.outcomes()
