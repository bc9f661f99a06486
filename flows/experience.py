"""Experience that a run is given and that it adds: how the hand was used in attempts that the predicates confirmed.

The solver hands out lessons with every attempt. They are kept only here, from the reports of batches, in which those of
attempts that missed their goal are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from demo_solvers.path3d.experience import Experience, Experiences, kind_of
from demo_solvers.path3d.recall import worded
from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.plan import Plan
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError


def experience_for(out: Path, given: Path | None, *, remember: bool = False) -> Experiences:
    """The experience of a run in ``out``: what it began with if it goes on, else the given file's, as it is now.

    With ``remember`` a file that is not there yet is an empty one, to be filled. Raises :class:`InvalidInputError`.
    """
    if remember and given is None:
        raise InvalidInputError("--remember-experience adds to a file; name it with --experience.")
    held = RunFolder(out).given_experience
    if held.exists():
        return Experiences.read(held)
    if given is None or (remember and not given.exists()):
        return Experiences()
    return Experiences.read(given)


def keep_experience(plan: Plan, reports: Sequence[BatchReport], catalog: Catalog, folder: RunFolder) -> Experiences:
    """Write down how things were handled in the attempts that were confirmed; no file where there is nothing."""
    tasks = {c.task.name: c.task for c in plan.candidates}
    lines: list[Experience] = []
    for report in reports:
        for attempt in (a for a in report.attempts if a.solved):
            task = tasks[report.task]
            assets = {o.name: o.asset for o in task.objects}
            for lesson in attempt.lessons:
                thing = kind_of(lesson.thing, assets, catalog)
                if thing is None:
                    continue
                lines.append(
                    Experience(
                        robot=plan.config.robot,
                        verb=lesson.verb,
                        relation=lesson.relation,
                        thing=thing,
                        to=kind_of(lesson.to, assets, catalog),
                        instruction=worded(task.instruction),
                        use=lesson.use,
                        source=f"{report.job}-{attempt.row}",
                    )
                )
    learned = Experiences().with_lines(lines)
    if learned.lines:
        learned.write(folder.experience)
    return learned
