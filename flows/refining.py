"""Refining: what a batch may spend on patched programs, and what a run is given by and gives to a memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from demo_solvers.memory import Measurement, Memory, abstract, key_of
from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.plan import Plan, categories_of
from pipeline.core.doors import Catalog
from pipeline.core.refinement import Budget, Round


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
