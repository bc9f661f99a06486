"""Engines: what turns a job into a committed report, in simulator processes of this run or of the machine's host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flows.config import RunConfig
from flows.engine_client import HOST_VARIABLE, HostEngines
from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.machine import rendering_environment
from flows.notices import Listener, Notice, silence
from flows.worker_process import Kind
from flows.workers import WorkerPool, default_workers


class Engines(Protocol):
    """Simulator processes behind a door; ``run`` may be called from any number of threads."""

    @property
    def slots(self) -> int:
        """How many jobs are at work at once; more than that wait for their turn."""
        ...

    def run(self, job: BatchJob, *, listener: Listener = silence) -> BatchReport:
        """Do a job, or return its report if it is done already; news go to ``listener`` and to the run's own.

        Raises :class:`OutputError`, :class:`RenderingError` or another error that no further batch could escape.
        """
        ...


@contextmanager
def engines(
    folder: RunFolder, config: RunConfig, *, workers: int | None = None, listener: Listener = silence
) -> Iterator[Engines]:
    """Engines for the batches of ``config`` in ``folder``; ``workers`` is how many jobs may be at work at once.

    Where TASKLOOM_ENGINE_HOST names a socket these are the warm engines of that host, else a pool of the run's own.
    """
    host = os.environ.get(HOST_VARIABLE)
    if host:
        with HostEngines(folder, Path(host), workers=workers, listener=listener) as asked:
            yield asked
        return
    rendering_environment(config.backend)
    kind = Kind(config.backend, config.device)
    with WorkerPool(folder.logs, workers or default_workers(), warm=[kind]) as pool:
        yield PoolEngines(pool, folder, listener)


@dataclass(frozen=True)
class PoolEngines:
    """Engines of this process's own pool."""

    pool: WorkerPool
    folder: RunFolder
    listener: Listener = silence

    @property
    def slots(self) -> int:
        """How many processes the pool has."""
        return self.pool.workers

    def run(self, job: BatchJob, *, listener: Listener = silence) -> BatchReport:
        """Do a job in the pool."""

        def tell(notice: Notice) -> None:
            self.listener(notice)
            listener(notice)

        return self.pool.run(job, self.folder, listener=tell)
