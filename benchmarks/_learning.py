"""Problems in which solvers may learn, and what came of an attempt at one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks._cells import Cell
from benchmarks._problems import library, simulator_of
from flows.practice_scenes import PracticeScenes
from flows.stages import find_solver
from pipeline.core.doors import Problem, Solution
from pipeline.core.learning import LearningBudget
from pipeline.core.refinement import Budget
from pipeline.core.task import TaskSpec
from pipeline.rollout import attempt
from scene_gen.builder import TabletopBuilder


@dataclass(frozen=True)
class Shop:
    """A workshop of one process."""

    root: Path

    @contextmanager
    def open(self) -> Iterator[Path]:
        """Nobody else is in it."""
        yield self.root


def to_learn(
    task: TaskSpec,
    problem: Problem,
    folder: Path,
    *,
    backend: str,
    seed: int,
    target: float,
    budget: LearningBudget,
) -> Problem:
    """With all that learning needs; ``seed`` is that of the scenes of practice, ``folder`` the workshop."""
    catalog = library()
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    return replace(
        problem,
        more=PracticeScenes(task, builder, simulator_of(backend), seed=seed, folder=folder / "scenes"),
        workshop=Shop(folder),
        budget=Budget(target=target),
        learning=budget,
    )


def attempted(problem: Problem, solver: str, *, backend: str) -> tuple[Solution, Cell]:
    """The solution of a problem, and what the benchmarks of learning keep of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    solution = attempt(simulator_of(backend), problem, find_solver(solver))  # type: ignore[arg-type]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return solution, {
        "attempts": len(solution.outcomes),
        "solved": sum(o.success for o in solution.outcomes),
        "practised": sum(tried.steps for way in solution.ways for tried in way.tried),
        "cpu_seconds": round(cpu, 1),
        "seconds": round(wall, 1),
        "ways": [way.model_dump(mode="json") for way in solution.ways],
        "failures": dict(Counter(o.diagnosis.cause for o in solution.outcomes if not o.success).most_common()),
    }
