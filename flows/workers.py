"""WorkerPool: simulator processes kept warm, recycled, and replaced when they die."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport, failed
from flows.notices import Listener, Notice, silence
from pipeline.core.errors import AssetError, OutputError, RenderingError, TaskloomError, WorkerDiedError

SINGLE_THREADED: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TI_NUM_THREADS": "1",
    "LP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
}
ABORTING: Mapping[str, type[TaskloomError]] = {c.__name__: c for c in (OutputError, RenderingError, AssetError)}


def default_workers() -> int:
    """One process on one core, two on more: software rendering and physics of one batch fill about one core."""
    return 2 if (os.cpu_count() or 1) >= 2 else 1


@dataclass
class WorkerPool:
    """``workers`` processes of one backend that turn jobs into committed reports.

    ``run`` may be called from any number of threads. A process is replaced after ``recycle_after`` batches, because
    engines grow by about 0.15 GB a scene. One that dies costs its batch only: it is tried again on a fresh process up
    to ``retries`` times and then recorded as failed.
    """

    folder: RunFolder
    backend: str
    device: str = "cpu"
    workers: int = field(default_factory=default_workers)
    recycle_after: int = 12
    retries: int = 2
    listener: Listener = silence
    extra_env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._all: list[_Process] = []
        self._closed = False

    def __enter__(self) -> WorkerPool:
        """Start every process; each warms its engine while the parent prepares the jobs."""
        for slot in range(self.workers):
            process = _Process(slot, self)
            self._all.append(process)
            self._idle.put(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for process in self._all:
            process.kill()

    @property
    def slots(self) -> int:
        """How many jobs are at work at once."""
        return self.workers

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers at this moment."""
        return tuple(p.pid for p in self._all)

    def run(self, job: BatchJob, *, listener: Listener = silence) -> BatchReport:
        """Do a job, or return its report if it is done already; news go to ``listener`` and to the pool's own.

        Raises :class:`OutputError`, :class:`RenderingError` or another error that no further batch could escape.
        """

        def tell(notice: Notice) -> None:
            self.listener(notice)
            listener(notice)

        report = self.folder.finished(job)
        if report is None:
            process = self._idle.get()
            try:
                report = self._persist(process, job, tell)
            finally:
                self._idle.put(process)
        tell(Notice(task=job.task.name, index=job.index, stage=report.status, written=report.written))
        return report

    def _persist(self, process: _Process, job: BatchJob, tell: Listener) -> BatchReport:
        deaths = list[str]()
        for attempt in range(self.retries + 1):
            try:
                return process.do(job, tell)
            except WorkerDiedError as death:
                if self._closed:
                    raise
                deaths.append(str(death))
                tell(Notice(task=job.task.name, index=job.index, stage="restart", detail=f"try {attempt + 2}"))
            stored = self.folder.finished(job)
            if stored is not None:
                return stored
        report = failed(job, f"WorkerDiedError: {len(deaths)} processes in a row ended during this batch: {deaths[-1]}")
        with self.folder.claim(job):
            if stored := self.folder.finished(job):
                return stored
            self.folder.clear(job)
            self.folder.commit(job, report)
        return report


class _Process:
    """One slot of the pool: a child process and the conversation with it."""

    def __init__(self, slot: int, pool: WorkerPool) -> None:
        self.slot, self.pool = slot, pool
        self.log = pool.folder.logs / f"worker-{slot}.log"
        self._start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def do(self, job: BatchJob, tell: Listener) -> BatchReport:
        """Raises :class:`WorkerDiedError` when the process ends first."""
        if self._done >= self.pool.recycle_after or self._child.poll() is not None:
            self.kill()
            self._start()
        self._done += 1
        out = str(self.pool.folder.root.absolute())
        self._send({"kind": "job", "job": job.model_dump(mode="json"), "out": out})
        while True:
            message = self._receive()
            if message.get("id") != self._sent:
                continue
            if message["kind"] == "notice":
                tell(Notice.model_validate(message["notice"]))
            elif message["kind"] == "report":
                return BatchReport.model_validate(message["report"])
            elif message["kind"] == "error":
                raise _as_exception(message, self.log.name)

    def kill(self) -> None:
        """End the process at once; parts are committed whole, so nothing is lost by it."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                _close_quietly(pipe)

    def _start(self) -> None:
        if self.pool._closed:
            raise WorkerDiedError("The worker pool is closed; no process is started.")
        self._done = self._sent = 0
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "flows.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **SINGLE_THREADED, **self.pool.extra_env},
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends its children itself
            )
        self._send({"kind": "warm"})

    def _send(self, message: dict[str, Any]) -> None:
        self._sent += 1
        where = {"id": self._sent, "backend": self.pool.backend, "device": self.pool.device}
        line = json.dumps({**message, **where}) + "\n"
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line.encode())
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._death() from None

    def _receive(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise self._death()
        return json.loads(line)

    def _death(self) -> WorkerDiedError:
        code = self._child.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return WorkerDiedError(f"Worker process {self._child.pid} ended ({how}); its log is logs/{self.log.name}.")


def _as_exception(message: dict[str, Any], log: str) -> Exception:
    text = f"{message['message']} (details in logs/{log})"
    kind = ABORTING.get(message["type"])
    return kind(text) if kind else TaskloomError(f"{message['type']}: {text}")


def _close_quietly(pipe: Any) -> None:
    try:
        pipe.close()
    except (BrokenPipeError, ValueError):
        return
