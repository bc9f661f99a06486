"""Solving a batch: its solver, what it may spend, and where it learns so that no later batch learns the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from demo_solvers.learning.shelf import Shelf
from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchJob
from flows.practice_scenes import PracticeScenes
from flows.refining import budget_of
from flows.staffing import Belongings, staffed_solver
from pipeline.asking.meter import Account
from pipeline.core.doors import Catalog, Problem, Simulator, Solution
from pipeline.core.learning import LearningBudget
from pipeline.core.scene import SceneSpec
from pipeline.rollout import attempt
from scene_gen.builder import TabletopBuilder

Tell = Callable[[str], None]
MEASURES = "measuring how its stages may be done"
LEARNS = "learning, at most {steps:,} actions a stage and way"
SKILLS = "skills"
"""In a workshop: the shelf on which a solver puts what it has learned of a task."""


def unheard(news: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class Solved:
    """The solution of a batch; what a model was asked for it, where one was, and which of its calls gave nothing."""

    solution: Solution
    asked: Account | None = None
    failed_calls: tuple[str, ...] = ()


def solve(
    job: BatchJob, problem: Problem, folder: RunFolder, *, simulator: Simulator, catalog: Catalog, tell: Tell = unheard
) -> Solved:
    """Attempt the scenes of a batch; ``tell`` hears when something is measured or learned, which takes longer.

    A solver that learns is given the task's workshop, which is its own only while it has it open.
    """
    given = replace(problem, offered=job.offered, budget=budget_of(job.config), learning=learning_of(job.config))
    with staffed_solver(job.config, belongings_of(folder)) as solver:
        if solver.learns:
            engine = f"{simulator.info.name} {simulator.info.version} on {simulator.info.device}"
            shop = TaskWorkshop(folder, job.task.name, engine)
            given = _learnable(job, given, shop, simulator, catalog, tell)
        return Solved(attempt(simulator, given, solver), solver.account, solver.failed_calls)


def belongings_of(folder: RunFolder) -> Belongings:
    """What the run began with that its solver may be given."""
    return Belongings(folder.given_skills, folder.given_experience, folder.given_pictures)


def learning_of(config: RunConfig) -> LearningBudget:
    """What a batch of the run may spend on learning."""
    return LearningBudget(
        steps=config.learn_steps,
        candidates=config.reward_candidates,
        rounds=config.reward_rounds,
        worlds=config.learn_worlds,
        judged=config.learn_judged,
        seed=config.seed,
    )


def gather(workshop: Path, folder: RunFolder, *, engine: str) -> int:
    """Put what was learned of a task on the run's shelf, where later runs find it; how many were new or better."""
    return Shelf(folder.skills).take(Shelf(workshop / SKILLS), engine=engine)


@dataclass(frozen=True)
class TaskWorkshop:
    """The workshop of a task in a run's folder."""

    folder: RunFolder
    task: str
    engine: str

    @contextmanager
    def open(self) -> Iterator[Path]:
        """The folder, held meanwhile; the skills in it are then put on the run's shelf."""
        with self.folder.workshop(self.task) as place:
            yield place
            gather(place, self.folder, engine=self.engine)


def _learnable(
    job: BatchJob, problem: Problem, shop: TaskWorkshop, simulator: Simulator, catalog: Catalog, tell: Tell
) -> Problem:
    """The problem with all that learning needs."""
    builder = TabletopBuilder(catalog, catalog.robot(job.config.robot), support=job.config.support)
    place = shop.folder.learned_of(job.task.name) / "scenes"
    scenes = PracticeScenes(job.task, builder, simulator, seed=job.config.seed, folder=place)

    def more(count: int, *, part: str = "practice") -> Sequence[SceneSpec]:
        tell(LEARNS.format(steps=job.config.learn_steps) if part == "practice" else MEASURES)
        return scenes(count, part=part)

    return replace(problem, more=more, workshop=shop)
