"""The Prefect flow around the line: a task run for each batch, an artifact for each task and a gallery artifact.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.announcing import announce
from flows.config import RunConfig
from flows.engines import Engines
from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.line import Runner
from flows.notices import Listener, silence
from flows.publishing import publish_batch, publish_task
from flows.report import RunReport, load_report
from flows.runners import run
from flows.secrecy import keeps_secrets
from flows.workers import default_workers

Result = TypeVar("Result")
DELIVERY_SECONDS = 15.0
_listener: ContextVar[Listener] = ContextVar("listener", default=silence)


_threads: Any = ThreadPoolTaskRunner(max_workers=64)


@flow(name="generate", flow_run_name="{config.preset}-{config.seed}", task_runner=_threads)
@keeps_secrets
def generate(config: RunConfig, out: str, workers: int | None = None) -> dict[str, Any]:
    """Propose tasks, demonstrate them on parallel worlds, and leave a dataset, a report and a gallery in ``out``."""
    place = Path(out)
    count = workers or default_workers()
    report = run(config, place, workers=count, runner_of=PrefectRunner, listener=_listener.get())
    _publish(report, RunFolder(place))
    if report.complete:
        announce(report, RunFolder(place), name=place.absolute().name, run=UUID(str(flow_run.id)))
    return {"out": out, "counts": report.counts.model_dump(), "complete": report.complete}


def run_flow(config: RunConfig, out: Path, *, workers: int, listener: Listener = silence) -> RunReport:
    """Run the flow in this process; ``listener`` is no flow parameter, because those are stored as JSON."""
    token = _listener.set(listener)
    try:
        generate(config, str(out), workers)
    finally:
        _listener.reset(token)
        _deliver()
    return load_report(RunFolder(out))


def _deliver() -> None:
    """Logs and task states travel in the background: see them off before the embedded server is stopped."""
    for service in (APILogWorker, EventsWorker):
        service.drain_all(timeout=DELIVERY_SECONDS)


class PrefectRunner:
    """Steps and batches as Prefect task runs; simulator processes do the work, threads wait for them."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._jobs: dict[str, BatchJob] = {}
        self._done: queue.SimpleQueue[BatchReport | BaseException] = queue.SimpleQueue()
        self._batch = _as_task("batch", task_run_name="{name}")(keeps_secrets(self._do))

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left waiting: batches not begun find the pool closed and end at once."""

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run a step as a task run called ``name``."""

        def body() -> Result:
            return step()

        return _as_task(name, task_run_name=name)(keeps_secrets(body))()

    def submit(self, job: BatchJob) -> None:
        """Queue a batch as a task run."""
        self._jobs[job.name] = job
        self._batch.submit(job.name)

    def next(self) -> BatchReport:
        """Wait for any batch; raises what ended the run if a batch did."""
        result = self._done.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def _do(self, name: str) -> str:
        """One batch of attempts."""
        try:
            report = self._engines.run(self._jobs[name])
        except BaseException as error:
            self._done.put(error)
            raise
        _log(report)
        self._done.put(report)
        return report.status


def _as_task(name: str, **options: Any) -> Any:
    """A decorator; results stay in memory, because reports are already on disk."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False, **options)


def _log(report: BatchReport) -> None:
    logger = get_run_logger()
    if report.status != "done":
        logger.warning("%s: %s", report.status, "; ".join(report.reasons))
        return
    counts = f"{report.attempted} attempted, {report.solved} solved, {report.written} written"
    logger.info("%s; seconds by stage: %s", counts, report.seconds)


def _publish(report: RunReport, folder: RunFolder) -> None:
    """Leave counts and pictures where Prefect's pages show them."""
    for one in report.tasks:
        publish_task(one, folder)
    publish_batch(report, folder)
