"""The flow ``generate-on-dask``: the line of a run, its batches as tasks on the workers of a Dask cluster.

Every Dask worker owns one simulator process, which it keeps warm. Scheduler and workers must see the run's folder under
the same path and have Taskloom installed. Import it only once the environment says which server to use; see
:mod:`flows.server`.
"""

from __future__ import annotations

import atexit
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.line import Runner
from flows.notices import Listener, Notice, silence
from flows.publishing import publish_batch, publish_task
from flows.report import RunReport, load_report
from flows.runners import run_with
from flows.secrecy import keeps_secrets
from flows.workers import WorkerPool, default_workers
from pipeline.core.errors import TaskloomError, WorkerDiedError

Result = TypeVar("Result")
LOCAL = "local"
_listener: ContextVar[Listener] = ContextVar("listener", default=silence)


@flow(name="generate-on-dask", flow_run_name="{config.preset}-{config.seed} on dask")
@keeps_secrets
def generate_on_dask(config: RunConfig, out: str) -> dict[str, Any]:
    """Propose tasks, demonstrate them on a Dask cluster, and leave a dataset, a report and a gallery in ``out``."""
    report = _run(config, Path(out))
    return {"out": out, "counts": report.counts.model_dump(), "complete": report.complete}


def _run(config: RunConfig, out: Path) -> RunReport:
    """What the flow does; apart from it, because Dask pickles the flow's own function with all that it names."""
    report = run_with(config, out, partial(_dask_runner, listener=_listener.get()))
    folder = RunFolder(out)
    for one in report.tasks:
        publish_task(one, folder)
    publish_batch(report, folder)
    return report


def run_on_dask(
    config: RunConfig, out: Path, *, address: str = LOCAL, workers: int | None = None, listener: Listener = silence
) -> RunReport:
    """Run the flow on the cluster whose scheduler is at ``address``, or on ``workers`` new processes of this machine.

    Contents are those of any other run of the same configuration.
    """
    runner = _task_runner(address, workers or default_workers(), scratch=RunFolder(out).logs / "dask")
    token = _listener.set(listener)
    try:
        generate_on_dask.with_options(task_runner=runner)(config, str(out.absolute()))
    finally:
        _listener.reset(token)
    return load_report(RunFolder(out))


@task(name="batch", task_run_name="{job[task][name]}-{job[index]}", cache_policy=NO_CACHE, persist_result=False)
@keeps_secrets
def attempt(job: dict[str, Any], out: str) -> str:
    """One batch of attempts, on the engine of this Dask worker; its report is on disk."""
    folder = RunFolder(Path(out))
    return _own_engine(folder.logs).run(BatchJob.model_validate(job), folder).status


@cache
def _own_engine(logs: Path) -> WorkerPool:
    """This process's simulator, as long as it lives; batches of another run say where they log by themselves."""
    pool = WorkerPool(logs, 1, name=f"dask-{os.getpid()}")
    atexit.register(pool.__exit__, None, None, None)
    return pool.__enter__()


class DaskRunner:
    """Steps here, batches on the cluster."""

    def __init__(self, folder: RunFolder, listener: Listener) -> None:
        self._folder, self._listener = folder, listener
        self._done: queue.SimpleQueue[tuple[BatchJob, Any]] = queue.SimpleQueue()

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run a step as a task run called ``name``, in this process."""

        def body() -> Result:
            return step()

        options: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
        return task(name=name, task_run_name=name, **options)(keeps_secrets(body))()

    def submit(self, job: BatchJob) -> None:
        """Send a batch to the cluster."""
        future: Any = attempt.submit(job.model_dump(mode="json"), str(self._folder.root.absolute()))
        future.add_done_callback(lambda done: self._done.put((job, done)))

    def next(self) -> BatchReport:
        """Wait for any batch; raises what ended the run if a batch did."""
        job, future = self._done.get()
        future.wait()
        report = self._folder.finished(job)
        if report is None:
            future.result()
            raise WorkerDiedError(
                f"Batch {job.name} left no report under {str(self._folder.root)!r}. Do all workers see that folder?"
            )
        news = Notice(task=job.task.name, index=job.index, stage=report.status, written=report.written)
        self._listener(news)
        return report


@contextmanager
def _dask_runner(folder: RunFolder, *, listener: Listener) -> Iterator[Runner]:
    yield DaskRunner(folder, listener)


def _task_runner(address: str, workers: int, *, scratch: Path) -> Any:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise TaskloomError("Dask is not installed: pip install 'taskloom[dask]'.") from error
    if address != LOCAL:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": workers,
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": None,
            "local_directory": str(scratch),
        }
    )
