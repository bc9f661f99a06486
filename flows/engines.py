"""Engines: what turns a job into a committed report, in simulator processes of this run or of the machine's host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.machine import rendering_environment
from flows.notices import Listener, silence
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
    """Engines for the batches of ``config`` in ``folder``; ``workers`` is how many jobs may be at work at once."""
    pool = WorkerPool(
        folder,
        config.backend,
        device=config.device,
        workers=workers or default_workers(),
        listener=listener,
        extra_env=rendering_environment(config.backend),
    )
    with pool:
        yield pool
