"""Import a file, whatever it is: tasks of ours as JSON or YAML, or one BDDL problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskSpec
from task_gen.bddl import parse_bddl, read_text
from task_gen.files import BDDL, YAML, load_tasks
from task_gen.gate import static_gate
from task_gen.imports.casting import players
from task_gen.imports.problem import import_problem
from task_gen.imports.report import ImportReport

ENDINGS = (".json", *YAML, BDDL)


def import_files(paths: Sequence[Path], catalog: Catalog, robot: RobotSpec) -> tuple[ImportReport, ...]:
    """One report for every task of the files, in their order; folders stand for the files in them, sorted by name.

    Raises :class:`InvalidInputError` for a file that cannot be read or is not what its ending says. A problem that
    reads but cannot be played by the catalogue's assets is a report without a task. Tasks that would have the same
    name get a number.
    """
    reports = [report for path in _files(paths) for report in import_file(path, catalog, robot)]
    return tuple(_renamed(reports))


def categories(paths: Sequence[Path]) -> dict[str, bool]:
    """What the BDDL files among ``paths`` need assets for, and whether it is bolted down, in their order."""
    found: dict[str, bool] = {}
    for path in _files(paths):
        if path.suffix.lower() == BDDL:
            problem = parse_bddl(read_text(path, what="BDDL file"), name=path.stem, source=str(path))
            for name in players(problem):
                found.setdefault(problem.category(name), name in problem.fixtures)
    return found


def import_file(path: Path, catalog: Catalog, robot: RobotSpec) -> tuple[ImportReport, ...]:
    """The reports of one file."""
    if path.suffix.lower() == BDDL:
        text = read_text(path, what="BDDL file")
        problem = parse_bddl(text, name=path.stem, source=str(path))
        return (import_problem(problem, text, catalog, robot, file=str(path)),)
    if path.suffix.lower() not in ENDINGS:
        raise InvalidInputError(f"{path}: tasks are read from {', '.join(ENDINGS)}.")
    return tuple(_of_task(t, catalog, robot, file=str(path)) for t in load_tasks(path, catalog))


def tasks_of(reports: Sequence[ImportReport]) -> tuple[TaskSpec, ...]:
    """The tasks; raises :class:`InvalidInputError` naming everything that kept a problem from being one."""
    reasons = [f"{r.file}: {m.name}: {m.why}" for r in reports if r.task is None for m in r.unmapped]
    if reasons:
        raise InvalidInputError(
            f"{len(reasons)} thing(s) cannot be imported:\n" + "\n".join(f"- {reason}" for reason in reasons)
        )
    return tuple(r.task for r in reports if r.task is not None)


def _of_task(task: TaskSpec, catalog: Catalog, robot: RobotSpec, *, file: str) -> ImportReport:
    reasons = static_gate(task, catalog, robot).reasons
    return ImportReport(name=task.name, file=file, format="tasks", task=task, gate=reasons)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS) if path.is_dir() else [path]
        if not inside:
            raise InvalidInputError(f"{path} holds no file that ends in {', '.join(ENDINGS)}.")
        found += inside
    return found


def _renamed(reports: Sequence[ImportReport]) -> list[ImportReport]:
    taken, found = set[str](), list[ImportReport]()
    for report in reports:
        name, count = report.name, 2
        while name in taken:
            name, count = f"{report.name[:76]}_{count}", count + 1
        taken.add(name)
        task = report.task and report.task.model_copy(update={"name": name})
        found.append(report if name == report.name else report.model_copy(update={"name": name, "task": task}))
    return found
