"""The flow ``generate-task``: one task's batches of attempts, each a Prefect task, until it has its demonstrations.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.claim import claimed
from flows.engines import Engines, engines
from flows.flow_runs import refuse_endless, task_run_name
from flows.folder import RunFolder
from flows.home import run_folder
from flows.jobs import BatchJob, BatchReport
from flows.kept_plan import plan_of_one
from flows.limits import simulation_tags
from flows.plan import Plan
from flows.publishing import publish_task
from flows.report import TaskReport, task_report
from flows.rounds import Rounds
from flows.secrecy import keeps_secrets

NAMES = {"complete": "Completed", "short": "Short", "rejected": "Rejected", "failed": "Unsolved"}
"""What a finished run is called, by the status of its task: all are final, and none is an error of the run."""


@flow(name="generate-task", flow_run_name=task_run_name)
@keeps_secrets
def generate_task(out: str, task: str) -> State[Any]:
    """Build, solve, replay and write demonstrations of one task of a planned run.

    Args:
        out: Name of the run, a folder under the runs root.
        task: Name of the task, as in the plan of the run.
    """
    refuse_endless()
    folder = run_folder(out)
    plan = plan_of_one(folder, task)
    with claimed(task_claim(folder, task)):
        report = Demonstration(folder, plan).run()
    _card(report, folder)
    message = f"{report.counts.written} of {plan.config.demos} demonstrations in {report.batches} batches"
    return Completed(name=NAMES[report.status], message=message, data=report.counts.model_dump())


def task_claim(folder: RunFolder, name: str) -> Path:
    """The lock that the process which demonstrates a task holds while it lives."""
    return folder.root / "claims" / f"{name}.task"


class Demonstration:
    """The batches of one task, on engines that are started when the first batch turns up that is not done."""

    def __init__(self, folder: RunFolder, plan: Plan) -> None:
        self._folder, self._plan = folder, plan
        self._ready: Engines | None = None

    def run(self) -> TaskReport:
        """Work off batches until the task has its demonstrations or has used up its rounds."""
        rounds = Rounds(self._plan)
        due = rounds.start()
        with ExitStack() as stack:
            while due:
                due = rounds.record(self._report(due[0], stack))
        return task_report(self._plan.candidates[0].task, rounds.reports, self._plan.config)

    def _report(self, job: BatchJob, stack: ExitStack) -> BatchReport:
        """Do a batch as a Prefect task; its kept result counts only as long as the batch is on disk."""
        done = self._folder.finished(job)

        def attempt() -> dict[str, Any]:
            report = done or self._engines(stack).run(job)
            _log(report)
            return {"batch": job.name, "status": report.status, "written": report.written}

        key = hashlib.sha256(f"{self._folder.root}/{job.digest}".encode()).hexdigest()
        options: dict[str, Any] = {"persist_result": True, "result_serializer": "json", "refresh_cache": done is None}
        options["tags"] = simulation_tags() if done is None else []
        step = task(name="batch", task_run_name=f"batch {job.index}", cache_key_fn=lambda *_: key, **options)
        step(keeps_secrets(attempt))()
        report = self._folder.finished(job)
        assert report is not None, f"{job.name} was reported and is not on disk"
        return report

    def _engines(self, stack: ExitStack) -> Engines:
        if self._ready is None:
            self._ready = stack.enter_context(engines(self._folder, self._plan.config, workers=1))
        return self._ready


@task(name="card", task_run_name="card", persist_result=False, retries=3, retry_delay_seconds=5)
@keeps_secrets
def _card(report: TaskReport, folder: RunFolder) -> None:
    publish_task(report, folder)


def _log(report: BatchReport) -> None:
    logger = get_run_logger()
    if report.status != "done":
        logger.warning("%s: %s", report.status, "; ".join(report.reasons))
        return
    counts = f"{report.attempted} attempted, {report.solved} solved, {report.written} written"
    logger.info("%s; seconds by stage: %s", counts, report.seconds)
