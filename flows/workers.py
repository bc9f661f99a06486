"""WorkerPool: simulator processes kept warm, shared by runs and backends, recycled, and replaced when they die."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport, failed
from flows.notices import Listener, Notice, silence
from flows.turns import NotWantedError, Slot, Turns
from flows.worker_process import Kind, WorkerProcess
from pipeline.core.errors import WorkerDiedError

RECYCLE_AFTER = 12
"""Batches that one process serves: engines grow by about 0.15 GB a scene."""


def default_workers() -> int:
    """One process on one core, two on more: software rendering and physics of one batch fill about one core."""
    return 2 if (os.cpu_count() or 1) >= 2 else 1


@dataclass
class WorkerPool:
    """``workers`` slots for simulator processes that turn jobs into committed reports.

    ``run`` may be called from any number of threads. The same job asked for twice is done once. A process is replaced
    after ``recycle_after`` batches and after a failure. One that dies costs its batch only: it is tried again on a
    fresh process up to ``retries`` times and then recorded as failed.
    """

    logs: Path
    workers: int = field(default_factory=default_workers)
    warm: Sequence[Kind] = ()
    recycle_after: int = RECYCLE_AFTER
    retries: int = 2
    name: str = "worker"
    extra_env: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = Turns(self.workers)
        self._processes: dict[int, WorkerProcess] = {}
        self._at_work: dict[int, Work] = {}
        self._works: dict[Path, Work] = {}
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> WorkerPool:
        """Start processes of the kinds to warm; their engines start while the parent prepares the jobs."""
        for slot in self._turns.slots if self.warm else ():
            slot.kind = kind = self.warm[slot.number % len(self.warm)]
            self._processes[slot.number] = self._start(slot, kind)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.close()
        with self._lock:
            self._closed = True
            processes = list(self._processes.values())
        for process in processes:
            process.kill()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers at this moment."""
        return tuple(p.pid for p in dict(self._processes).values())

    @property
    def waiting(self) -> int:
        """Jobs that wait for a slot."""
        return self._turns.waiting

    def look(self) -> list[tuple[int, WorkerProcess | None, BatchJob | None]]:
        """Every slot: its number, its process and the job that it works on."""
        works = dict(self._at_work)
        return [
            (s.number, self._processes.get(s.number), works[s.number].job if s.number in works else None)
            for s in self._turns.slots
        ]

    def run(
        self,
        job: BatchJob,
        folder: RunFolder,
        *,
        listener: Listener = silence,
        client: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> BatchReport:
        """Do a job, or return its report if it is done already; news go to ``listener``.

        ``client`` is with whom slots are shared fairly. A job that is not ``wanted`` any more, by anybody, is given up
        as long as it waits for a slot. Raises :class:`OutputError`, :class:`RenderingError` or another error that no
        further batch could escape.
        """
        report = None
        while report is None:
            report = folder.finished(job) or self._take_part(job, folder, listener, client, wanted)
        listener(Notice(task=job.task.name, index=job.index, stage=report.status, written=report.written))
        return report

    def _take_part(
        self, job: BatchJob, folder: RunFolder, listener: Listener, client: str, wanted: Callable[[], bool]
    ) -> BatchReport | None:
        """Do the job, or hear how it goes where it is being done; None when that came to nothing: ask again."""
        place = folder.batch(job).absolute()
        with self._lock:
            work = self._works.get(place)
            if new := work is None:
                work = self._works[place] = Work(job)
            if work.job.digest == job.digest:
                work.audience.append((listener, wanted))
        if not new:
            return work.outcome(wanted) if work.job.digest == job.digest else work.outlast(wanted)
        try:
            work.report = self._work(work, folder, client)
        except BaseException as error:
            work.error = error
            raise
        finally:
            with self._lock:
                del self._works[place]
            work.done.set()
        return work.report

    def _work(self, work: Work, folder: RunFolder, client: str) -> BatchReport:
        slot = self._turns.take(client, Kind.of(work.job), work.is_wanted)
        self._at_work[slot.number] = work
        try:
            return self._persist(slot, work, folder)
        finally:
            del self._at_work[slot.number]
            self._turns.give_back(slot)

    def _persist(self, slot: Slot, work: Work, folder: RunFolder) -> BatchReport:
        job, deaths = work.job, list[str]()
        for attempt in range(self.retries + 1):
            try:
                return self._ready(slot, Kind.of(job)).do(job, folder, work.tell)
            except WorkerDiedError as death:
                if self._closed:
                    raise
                deaths.append(str(death))
                work.tell(Notice(task=job.task.name, index=job.index, stage="restart", detail=f"try {attempt + 2}"))
            stored = folder.finished(job)
            if stored is not None:
                return stored
        report = failed(job, f"WorkerDiedError: {len(deaths)} processes in a row ended during this batch: {deaths[-1]}")
        with folder.claim(job):
            if stored := folder.finished(job):
                return stored
            folder.clear(job)
            folder.commit(job, report)
        return report

    def _ready(self, slot: Slot, kind: Kind) -> WorkerProcess:
        """The slot's process if it is of the kind and fit, else a fresh one in its place."""
        held = self._processes.get(slot.number)
        if held is not None:
            if held.kind == kind and held.alive and not held.tired and held.jobs < self.recycle_after:
                return held
            held.kill()
        with self._lock:
            process = self._processes[slot.number] = self._start(slot, kind)
        return process

    def _start(self, slot: Slot, kind: Kind) -> WorkerProcess:
        if self._closed:
            raise WorkerDiedError("The worker pool is closed; no process is started.")
        inherited = self.inherited.get(slot.number, ())
        log = self.logs / f"{self.name}-{slot.number}.log"
        return WorkerProcess(kind, log, env=self.extra_env, inherited=inherited)


@dataclass(eq=False)
class Work:
    """A job that is waited for or worked on, and everybody who wants to hear of it."""

    job: BatchJob
    audience: list[tuple[Listener, Callable[[], bool]]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    report: BatchReport | None = None
    error: BaseException | None = None

    def tell(self, notice: Notice) -> None:
        """News for everybody."""
        for listener, _ in tuple(self.audience):
            listener(notice)

    def is_wanted(self) -> bool:
        """Whether anybody still wants it."""
        return any(wanted() for _, wanted in tuple(self.audience))

    def outcome(self, wanted: Callable[[], bool]) -> BatchReport | None:
        """What came of it for one who joined later; None when it was given up."""
        self.outlast(wanted)
        if isinstance(self.error, NotWantedError):
            return None
        if self.error is not None:
            raise self.error
        return self.report

    def outlast(self, wanted: Callable[[], bool]) -> None:
        """Wait for its end."""
        while not self.done.wait(timeout=0.5):
            if not wanted():
                raise NotWantedError("Nobody waits for this any more.")
