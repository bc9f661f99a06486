"""Solving a batch: its solver, what it may spend, and where it learns so that no later batch learns the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from demo_solvers.learning.shelf import Shelf
from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchJob
from flows.practice_scenes import PracticeScenes
from flows.refining import budget_of
from flows.staffing import StaffedSolver, staffed_solver
from pipeline.asking.meter import Account
from pipeline.core.doors import Catalog, Problem, Simulator, Solution
from pipeline.core.learning import LearningBudget
from pipeline.rollout import attempt
from scene_gen.builder import TabletopBuilder

SKILLS = "skills"
"""In a workshop: the shelf on which a solver puts what it has learned of a task."""


def solve(
    job: BatchJob, problem: Problem, folder: RunFolder, *, simulator: Simulator, catalog: Catalog
) -> tuple[Solution, Account | None]:
    """Attempt the scenes of a batch; what a model was asked for it, where one was.

    A solver that learns has the task's workshop for itself meanwhile; while another process is there, this one waits.
    """
    given = replace(problem, offered=job.offered, budget=budget_of(job.config), learning=learning_of(job.config))
    with staffed_solver(job.config, skills=folder.given_skills) as solver:
        if not solver.learns:
            return attempt(simulator, given, solver), solver.account
        with folder.workshop(job.task.name) as workshop:
            solution = _learn(job, given, workshop, solver, simulator=simulator, catalog=catalog)
            engine = f"{simulator.info.name} {simulator.info.version} on {simulator.info.device}"
            gather(workshop, folder, engine=engine)
        return solution, solver.account


def learning_of(config: RunConfig) -> LearningBudget:
    """What a batch of the run may spend on learning."""
    return LearningBudget(
        steps=config.learn_steps,
        candidates=config.reward_candidates,
        rounds=config.reward_rounds,
        worlds=config.learn_worlds,
        judged=config.learn_judged,
    )


def gather(workshop: Path, folder: RunFolder, *, engine: str) -> int:
    """Put what was learned of a task on the run's shelf, where later runs find it; how many were new or better."""
    return Shelf(folder.skills).take(Shelf(workshop / SKILLS), engine=engine)


def _learn(
    job: BatchJob,
    problem: Problem,
    workshop: Path,
    solver: StaffedSolver,
    *,
    simulator: Simulator,
    catalog: Catalog,
) -> Solution:
    config = job.config
    builder = TabletopBuilder(catalog, catalog.robot(config.robot), support=config.support)
    more = PracticeScenes(job.task, builder, simulator, seed=config.seed, folder=workshop / "scenes")
    return attempt(simulator, replace(problem, more=more, workshop=workshop), solver)
