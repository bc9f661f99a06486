"""Solving with what is learned: a plan, its stages each in the chosen way, and the best attempt of each scene."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.learning.choosing import Chooser, Chosen, learning_seed
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.sketch import sketch
from demo_solvers.learning.smoothing import smoothed
from demo_solvers.refinement.trial import tried
from demo_solvers.rewards.authors import Author, ProceduralAuthor
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.episode import Outcome
from pipeline.core.learning import Way
from pipeline.core.program import Program


@dataclass(frozen=True, eq=False)
class Staff:
    """Who takes part besides the planner: the author of rewards, and skills that were learned before."""

    author: Author | None = None
    shelf: Shelf | None = None


def solve_with(
    problem: Problem,
    worlds: TrialWorlds,
    program: Program | None,
    allowed: Sequence[Way],
    staff: Staff,
    *,
    first: Solution | None = None,
) -> Solution:
    """Choose a way for each stage of ``program`` among ``allowed``, and attempt every scene with what was chosen.

    Without a program one is sketched. A scene that ``first`` has solved already keeps that attempt.
    """
    program = program or sketch(problem.task.goal, worlds.state())
    if program is None:
        return first or _nothing(problem, worlds)
    with ExitStack() as stack:
        shop = problem.workshop
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory() if shop is None else shop.open()))
        author = staff.author or ProceduralAuthor(learning_seed(problem))
        chooser = Chooser(problem, program, tuple(allowed), author, folder, staff.shelf, learning_seed(problem))
        chosen = chooser.choose(worlds)
    if not chosen.instead and first is not None and first.program is not None:
        return replace(first, ways=chosen.ways)
    return _attempted(problem, worlds, program, chosen, first)


def _attempted(
    problem: Problem, worlds: TrialWorlds, program: Program, chosen: Chosen, first: Solution | None
) -> Solution:
    """The attempt with what was learned, made smooth where it succeeds smoothed, too."""
    trial = worlds.trial()
    raw = tried([program], problem, trial, instead=chosen.instead)[0]
    outcomes: list[Outcome] = list(raw.outcomes)
    if chosen.instead and any(o.success for o in outcomes):
        outcomes = smoothed(problem, worlds, outcomes)
    if first is not None:
        outcomes = [a if a.success or not b.success else b for a, b in zip(outcomes, first.outcomes, strict=True)]
    rounds = () if first is None else first.rounds
    return Solution(outcomes, program, rounds, chosen.ways)


def _nothing(problem: Problem, worlds: TrialWorlds) -> Solution:
    ex = Execution(problem, worlds)
    ex.fail(np.arange(worlds.batch), "no_plan", expected="a stage for every literal of the goal", seen="none is known")
    return Solution(ex.outcomes())
