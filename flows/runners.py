"""ThreadRunner: carries out the line with a set of engines and nothing else."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from assets.catalog import LibraryCatalog
from flows.config import RunConfig
from flows.engines import Engines, engines
from flows.folder import RunFolder, open_folder
from flows.gallery.run_page import write_gallery
from flows.jobs import BatchJob, BatchReport
from flows.line import Runner, run_line
from flows.notices import Listener, silence
from flows.report import RunReport, finished_report
from flows.stages import library_digest

Result = TypeVar("Result")


class ThreadRunner:
    """One waiting thread for each simulator process."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._threads = ThreadPoolExecutor(max_workers=engines.slots, thread_name_prefix="batch")
        self._done: queue.SimpleQueue[Future[BatchReport]] = queue.SimpleQueue()

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run a step here."""
        del name
        return step()

    def submit(self, job: BatchJob) -> None:
        """Queue a job for the next idle process."""
        self._threads.submit(self._engines.run, job).add_done_callback(self._done.put)

    def next(self) -> BatchReport:
        """Wait for any job; raises what ended the run if a job did."""
        return self._done.get().result()


def run(
    config: RunConfig,
    out: Path,
    *,
    workers: int | None = None,
    runner_of: Callable[[Engines], AbstractContextManager[Runner]] = ThreadRunner,
    listener: Listener = silence,
) -> RunReport:
    """Run or continue ``config`` in ``out`` with simulator processes, and leave dataset, report and gallery there."""

    @contextmanager
    def on_engines(folder: RunFolder) -> Iterator[Runner]:
        with engines(folder, config, workers=workers, listener=listener) as ready, runner_of(ready) as runner:
            yield runner

    return run_with(config, out, on_engines)


def run_with(
    config: RunConfig, out: Path, runner_in: Callable[[RunFolder], AbstractContextManager[Runner]]
) -> RunReport:
    """Run or continue ``config`` in ``out`` with a runner that is made if there is anything to do."""
    catalog = LibraryCatalog()
    folder = open_folder(out, config, library=library_digest(catalog))
    report = finished_report(folder)
    if report is None:
        with runner_in(folder) as runner:
            report = run_line(config, folder, catalog, runner)
    write_gallery(report, folder)
    return report
