"""ViPR-Eureka: stages of touch are learned from dense rewards that an author writes, tries and revises."""

from __future__ import annotations

from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.solving import Staff, solve_with
from demo_solvers.rewards.authors import Author
from demo_solvers.task_planning.plan import decompose
from pipeline.core.doors import Problem, Solution, TrialWorlds


def vipr_eureka(
    problem: Problem, worlds: TrialWorlds, *, author: Author | None = None, shelf: Shelf | None = None
) -> Solution:
    """Plan the task; every stage of touch is learned from a dense reward, all others are done by their skills."""
    program = decompose(problem.task.goal, worlds.state())
    return solve_with(problem, worlds, program, ("dense",), Staff(author=author, shelf=shelf))
