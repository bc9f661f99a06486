"""The plan of a run on disk, whole and task by task, for the processes that work on it."""

from __future__ import annotations

import json

from assets.catalog import LibraryCatalog
from flows.config import RunConfig
from flows.folder import RunFolder, check_same_run
from flows.plan import Candidate, Plan
from flows.stages import library_digest
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.files import write_atomically


def keep_plan(plan: Plan, folder: RunFolder) -> None:
    """Write ``plan.json``, and ``tasks/<task>.json`` for the process that demonstrates a task."""
    tasks = folder.root / "tasks"
    tasks.mkdir(exist_ok=True)
    for candidate in plan.candidates:
        write_atomically(tasks / f"{candidate.task.name}.json", candidate.model_dump_json(indent=1))
    write_atomically(folder.root / "plan.json", plan.model_dump_json())


def kept_plan(folder: RunFolder) -> Plan:
    """The plan of a run; raises :class:`InvalidInputError` for a folder in which no batch flow has run."""
    return Plan.model_validate_json(_kept(folder, "plan.json"))


def plan_of_one(folder: RunFolder, task: str) -> Plan:
    """The plan with one task alone, whose jobs are those of the whole plan.

    Raises :class:`UnknownNameError` for a task that is not planned, and :class:`OutputError` when this machine's asset
    library or version is another than the one that the plan was made with.
    """
    config = RunConfig.model_validate(json.loads(_kept(folder, "run.json"))["config"])
    check_same_run(folder.root, config, library=library_digest(LibraryCatalog()))
    path = folder.root / "tasks" / f"{task}.json"
    known = [p.stem for p in (folder.root / "tasks").glob("*.json")]
    if task not in known:
        raise UnknownNameError("task", task, known)
    return Plan(config=config, candidates=(Candidate.model_validate_json(path.read_bytes()),))


def _kept(folder: RunFolder, name: str) -> bytes:
    try:
        return (folder.root / name).read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(
            f"{str(folder.root)!r} holds no {name}: no batch was planned there. Name a run of generate-batch."
        ) from None
