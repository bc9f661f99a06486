"""Preparing a run that several processes work on: its folder, its plan and a file for each task, free of Prefect."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from assets.catalog import LibraryCatalog
from flows.authors import ModelOptions, Wishes
from flows.authorship import keep_proposals, with_author
from flows.config import RunConfig
from flows.folder import RunFolder, check_output, open_folder
from flows.home import run_folder
from flows.imports import read_tasks
from flows.outcomes import read_outcomes
from flows.parameters import BatchRequest
from flows.plan import Candidate, Plan, make_plan
from flows.refining import given_memory, memory_for
from flows.stages import library_digest
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.files import write_atomically
from pipeline.core.task import TaskSpec


def prepare(request: BatchRequest, *, day: date) -> tuple[str, Plan]:
    """Propose the tasks, put them through the static gate, and keep the plan in the run's folder, which is opened.

    Returns the run's name and its plan. The same request on the same day goes on with the same run. Raises
    :class:`OutputError` for a folder that cannot take it, and what the author raises.
    """
    catalog = LibraryCatalog()
    config = request.config(day=day, given=_given(request, catalog, day))
    if request.remember and request.memory is None:
        raise InvalidInputError("'remember' adds to a memory; name its file with 'memory'.")
    name = request.name(config, day=day)
    out = run_folder(name).root
    known = memory_for(out, None if request.memory is None else Path(request.memory))
    config = config.model_copy(update={"memory": known.digest})
    options = ModelOptions(model=request.model, budget_usd=request.budget_usd, budget_tokens=request.budget_tokens)
    config, proposed = with_author(config, request.author, catalog, options, _wishes(request))
    library = library_digest(catalog)
    check_output(out, config, library=library)
    folder = open_folder(out, config, library=library)
    keep_proposals(folder, proposed)
    if known.lines:
        known.write(folder.memory)
    plan = make_plan(config, catalog, given_memory(folder))
    keep_plan(plan, folder)
    return name, plan


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
    check_output(folder.root, config, library=library_digest(LibraryCatalog()))
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


def _given(request: BatchRequest, catalog: LibraryCatalog, day: date) -> tuple[TaskSpec, ...] | None:
    if not request.task_files:
        return None
    return read_tasks([Path(p) for p in request.task_files], catalog, request.config(day=day).robot)


def _wishes(request: BatchRequest) -> Wishes:
    earlier = read_outcomes([run_folder(name).root for name in request.outcomes])
    return Wishes(outcomes=earlier, critic=request.critic, paraphraser=request.paraphraser)
