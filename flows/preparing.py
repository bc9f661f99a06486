"""Preparing a run that several processes work on, free of Prefect: its tasks are proposed, its folder is opened."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from assets.catalog import LibraryCatalog
from flows.authors import ModelOptions, Wishes
from flows.authorship import with_author
from flows.folder import check_output, open_folder
from flows.given import Given
from flows.home import run_folder
from flows.imports import read_tasks
from flows.kept_plan import keep_plan
from flows.outcomes import read_outcomes
from flows.parameters import BatchRequest
from flows.plan import Plan, make_plan
from flows.proposed import keep_proposals
from flows.refining import given_memory
from flows.stages import library_digest
from pipeline.core.errors import InvalidInputError
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
    places = {name: getattr(request, name) for name in ("memory", "skills", "experience", "pictures")}
    held = Given.to(
        out,
        **{name: None if place is None else Path(place) for name, place in places.items()},
        remember_skills=request.remember_skills,
        remember_experience=request.remember_experience,
    )
    config = held.told(config)
    options = ModelOptions(model=request.model, budget_usd=request.budget_usd, budget_tokens=request.budget_tokens)
    config, proposed = with_author(config, request.author, catalog, options, _wishes(request))
    library = library_digest(catalog)
    check_output(out, config, library=library)
    folder = open_folder(out, config, library=library)
    keep_proposals(folder, proposed)
    held.keep(folder, config)
    plan = make_plan(config, catalog, given_memory(folder))
    keep_plan(plan, folder)
    return name, plan


def _given(request: BatchRequest, catalog: LibraryCatalog, day: date) -> tuple[TaskSpec, ...] | None:
    if not request.task_files:
        return None
    return read_tasks([Path(p) for p in request.task_files], catalog, request.config(day=day).robot)


def _wishes(request: BatchRequest) -> Wishes:
    earlier = read_outcomes([run_folder(name).root for name in request.outcomes])
    return Wishes(outcomes=earlier, critic=request.critic, paraphraser=request.paraphraser)
