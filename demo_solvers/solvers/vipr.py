"""ViPR, first form: task and motion planning over all worlds of a batch at once, from privileged state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.decompose import decompose
from demo_solvers.program import SkillCall
from pipeline.core.doors import Problem, Worlds
from pipeline.core.episode import Outcome
from pipeline.core.registry import Registry

Skill = Callable[[Execution, SkillCall, SkillCall | None], None]
SKILLS: Registry[Skill] = Registry("demo_solvers.skills", "skill")
FINAL_HOLD = 0.6  # s; the goal has to hold for 0.5 s at the end


def vipr(problem: Problem, worlds: Worlds) -> Sequence[Outcome]:
    """Decompose the goal, run each skill on every world in lockstep, hold still at the end."""
    ex = Execution(problem, worlds)
    program = decompose(problem.task.goal, ex.state())
    if program is None:
        everyone = np.arange(worlds.batch)
        ex.fail(everyone, "no_plan", expected="a skill for every literal of the goal", seen=problem.task.goal)
        return ex.outcomes()
    for call, following in zip(program.calls, (*program.calls[1:], None), strict=True):
        if ex.alive.any():
            SKILLS.get(call.skill)(ex, call, following)
    if ex.alive.any():
        ex.begin("hold")
        ex.wait(FINAL_HOLD)
    return ex.outcomes()
