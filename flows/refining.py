"""Refining: the solver of a batch as its run wants it refined, and what a run is given by and gives to a memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from demo_solvers.memory import Measurement, Memory, abstract, key_of
from demo_solvers.refinement.model import ModelRefiner, RefinerSettings
from demo_solvers.refinement.procedural import ProceduralRefiner
from demo_solvers.task_planning.model_programmer import ModelProgrammer, ProgrammerSettings
from flows.authors import reply_cache
from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.limits import paced
from flows.plan import Plan, categories_of
from flows.stages import find_solver
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Account, MeteredModel
from pipeline.asking.meter import Budget as TokenBudget
from pipeline.core.doors import Catalog, Problem, Solution, TrialWorlds
from pipeline.core.errors import InvalidInputError
from pipeline.core.refinement import Budget, Round


@dataclass(frozen=True, eq=False)
class RefiningSolver:
    """A solver whose patches come from the refiner that a run names."""

    solve: Callable[[Problem, TrialWorlds], Solution]
    meter: MeteredModel | None = None

    def __call__(self, problem: Problem, worlds: TrialWorlds) -> Solution:
        """Attempt every scene."""
        return self.solve(problem, worlds)

    @property
    def account(self) -> Account | None:
        """What the model was asked so far; None where there is none."""
        return None if self.meter is None else self.meter.total


@contextmanager
def refining_solver(config: RunConfig) -> Iterator[RefiningSolver]:
    """The run's solver with its refiner; raises :class:`InvalidInputError` for a solver that cannot take one."""
    solver = find_solver(config.solver)
    roles = [role for role in ("refiner", "programmer") if getattr(config, role) != "procedural"]
    if not roles:
        yield RefiningSolver(solver)
        return
    for role in roles:
        if role not in inspect.signature(solver).parameters:
            raise InvalidInputError(f"--{role}: solver {config.solver!r} takes no {role}; use vipr, or leave it out.")
    from pipeline.llm.anthropic import DEFAULT_MODEL, anthropic

    meter = MeteredModel(CachedModel(paced(anthropic()), reply_cache()), TokenBudget(tokens=config.solver_tokens))
    with Asker(meter) as asker:
        model = config.solver_model or DEFAULT_MODEL
        staff: dict[str, object] = {
            "refiner": ModelRefiner(asker, RefinerSettings(model=model), fallback=ProceduralRefiner()),
            "programmer": ModelProgrammer(asker, ProgrammerSettings(model=model)),
        }
        yield RefiningSolver(partial(solver, **{role: staff[role] for role in roles}), meter)


def budget_of(config: RunConfig) -> Budget:
    """What a batch of the run may spend on refinement."""
    return Budget(rounds=config.refine, variants=config.variants, target=config.target, recover=config.recover)


def given_memory(folder: RunFolder) -> Memory:
    """The memory that the run began with."""
    return Memory.read(folder.memory) if folder.memory.exists() else Memory()


def memory_for(out: Path, given: Path | None) -> Memory:
    """The memory of a run in ``out``: the one that it began with if it goes on, else the given file's, as it is now.

    A file that is not there yet is an empty memory, to be filled.
    """
    folder = RunFolder(out)
    if folder.memory.exists():
        return given_memory(folder)
    return Memory.read(given) if given is not None and given.exists() else Memory()


def keep_learned(plan: Plan, reports: Sequence[BatchReport], catalog: Catalog, folder: RunFolder) -> Memory:
    """Write down how the programs that batches settled on did, counting what the predicates confirmed."""
    tasks = {c.task.name: c.task for c in plan.candidates}
    lines: list[Measurement] = []
    for report in reports:
        if report.program is None or not report.attempts:
            continue
        task = tasks[report.task]
        lines.append(
            Measurement(
                key=key_of(task, categories_of(task, catalog), plan.config.robot),
                program=abstract(report.program, task),
                patches=changes(report.rounds),
                solved=report.confirmed,
                attempts=len(report.attempts),
                source=report.job,
            )
        )
    learned = Memory().with_lines(lines)
    learned.write(folder.learned)
    return learned


def changes(rounds: Sequence[Round]) -> tuple[str, ...]:
    """What led from the first round's program to the one that was settled on, in words."""
    chosen = [r.variants[r.chosen] for r in rounds if r.chosen is not None]
    return tuple(words for variant in chosen for words in variant.patches)
