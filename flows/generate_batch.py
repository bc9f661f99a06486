"""The flow ``generate-batch``: plan, one run of ``generate-task`` for each task, pack, report, gallery, event.

It only waits for its children, and lives in a pool of its own so that it never takes their place. Everything that it
knows is on disk or on the server: killed at any moment and started anew, it goes on where it was. Import it only once
the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

from demo_solvers.memory import Memory, merge
from demo_solvers.path3d.experience import Experiences
from demo_solvers.path3d.experience import merge as merge_experience
from flows.announcing import announce
from flows.children import Children, cancel_children
from flows.claim import claimed
from flows.counting import counted
from flows.finishing import finish
from flows.flow_runs import add_tags, batch_run_name, refuse_endless, tags_of
from flows.folder import RunFolder
from flows.harvest import Harvest
from flows.home import run_folder
from flows.kept_plan import kept_plan
from flows.parameters import BatchRequest
from flows.plan import Plan
from flows.preparing import prepare
from flows.publishing import publish_batch
from flows.report import RunReport, finished_report, load_report, task_reports
from flows.secrecy import keeps_secrets
from flows.skills import add_skills
from pipeline.core.errors import TaskloomError

WINDOW = 64  # children that are scheduled at once; more wait here, so that a batch of thousands fits the server's pages
GALLERY_SECONDS = 20.0  # between two looks of the gallery while tasks are at work
ELSEWHERE = "its run ended and left nothing here; do all workers have the same TASKLOOM_RUNS?"


@flow(name="generate-batch", flow_run_name=batch_run_name, on_cancellation=[cancel_children])
@keeps_secrets
def generate_batch(request: BatchRequest) -> dict[str, Any]:
    """Propose tasks, demonstrate them on the workers, and leave a dataset, a report and a gallery.

    Args:
        request: What to generate.
    """
    refuse_endless()
    began = time.monotonic()
    name: str = _plan(request)["out"]
    folder = run_folder(name)
    plan = kept_plan(folder)
    add_tags(tags_of(plan.config, plan.config.families))
    with claimed(folder.root / "claims" / f"{flow_run.id}.run"):
        harvest, problems = demonstrate(name, folder, plan)
        report = _finished(plan, harvest, folder, seconds=time.monotonic() - began)
    if request.remember and request.memory is not None:
        merge(Path(request.memory), Memory.read(folder.learned).lines)
    if request.remember_skills and request.skills is not None:
        add_skills(folder, Path(request.skills))
    if request.remember_experience and request.experience is not None and folder.experience.exists():
        merge_experience(Path(request.experience), Experiences.read(folder.experience).lines)
    _gallery(report, folder)
    if problems:
        raise TaskloomError(_missing(report, problems))
    if report.dataset is None:
        raise TaskloomError(f"No demonstration was written; {folder.report} says why the attempts failed.")
    announce(report, folder, name=name, run=UUID(str(flow_run.id)))
    return {"out": name, "counts": report.counts.model_dump(), "complete": report.complete}


@task(name="plan", task_run_name="plan", persist_result=True, result_serializer="json")
@keeps_secrets
def _plan(request: BatchRequest) -> dict[str, Any]:
    """Kept, so that a batch that is started again goes on with the same run, even on another day."""
    scheduled: Any = flow_run.scheduled_start_time
    name, plan = prepare(request, day=date.fromisoformat(f"{scheduled:%Y-%m-%d}"))
    refused = sum(not c.ok for c in plan.candidates)
    get_run_logger().info("%s: %d candidates, %d refused by the gate", name, len(plan.candidates), refused)
    return {"out": name, "digest": plan.config.digest}


def demonstrate(name: str, folder: RunFolder, plan: Plan) -> tuple[Harvest, dict[str, str]]:
    """Have every task demonstrated that is not yet; what kept those from it that are missing in the end."""
    harvest, problems = Harvest(plan, folder), dict[str, str]()
    tasks = {c.task.name: c.task for c in plan.candidates}
    children = Children(UUID(str(flow_run.id)), name, folder, plan.config, get_run_logger())
    waiting, shown = deque(harvest.start()), time.monotonic()
    while waiting or len(children):
        while waiting and len(children) < WINDOW:
            children.start(tasks[waiting.popleft()])
        for ended in children.wait():
            waiting += harvest.gather(ended.task)
            if ended.task in harvest.missing:
                problems[ended.task] = ended.problem or ELSEWHERE
            if time.monotonic() - shown > GALLERY_SECONDS:
                with suppress(httpx.HTTPError):  # the next look, or the last, brings it up to date
                    publish_batch(task_reports(plan, harvest.reports), folder)
                shown = time.monotonic()
    children.close(harvest.missing)
    return harvest, problems


def _finished(plan: Plan, harvest: Harvest, folder: RunFolder, *, seconds: float) -> RunReport:
    """Pack and report, as a Prefect task whose result is kept by content and counts while the report is on disk."""
    reports, missing = harvest.reports, [*harvest.missing]
    content = "/".join([str(folder.root), plan.config.digest, *missing, *(r.model_dump_json() for r in reports)])
    key = hashlib.sha256(content.encode()).hexdigest()

    def pack() -> dict[str, Any]:
        with claimed(folder.root / "claims" / "pack"):
            report = finished_report(folder) or finish(plan, reports, folder, seconds=seconds, missing=missing)
        return report.counts.model_dump()

    stale = finished_report(folder) is None
    options: dict[str, Any] = {"persist_result": True, "result_serializer": "json", "refresh_cache": stale}
    task(name="pack", task_run_name="pack and report", cache_key_fn=lambda *_: key, **options)(keeps_secrets(pack))()
    return load_report(folder)


@task(name="gallery", task_run_name="gallery", persist_result=False, retries=3, retry_delay_seconds=5)
@keeps_secrets
def _gallery(report: RunReport, folder: RunFolder) -> None:
    publish_batch(report, folder)


def _missing(report: RunReport, problems: Mapping[str, str]) -> str:
    """What a batch says that could not have every task demonstrated."""
    lines = [f"- {task}: {problem}" for task, problem in problems.items()]
    packed = counted(report.dataset.episodes, "demonstration") if report.dataset else "nothing"
    return "\n".join(
        [
            f"{len(problems)} of {len(report.tasks) + len(problems)} tasks are missing; {packed} "
            "of the others packed. Submit the same request again to go on.",
            *lines,
        ]
    )
